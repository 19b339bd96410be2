package cli

import (
	"fmt"
	"io"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/status"
)

// handoverResult is the result of a request.
type handoverResult struct {
	Group   string     `json:"group,omitempty"`
	Term    int64      `json:"term,omitempty"`
	From    party      `json:"from,omitzero"`
	Wanted  *party     `json:"wanted,omitempty"`
	Asked   bool       `json:"asked"`
	Already bool       `json:"already,omitempty"` // the target is active already, so nothing was asked
	Next    *successor `json:"next,omitempty"`    // only with --wait
	Error   string     `json:"error,omitempty"`
}

// party is an instance as people name it.
type party struct {
	Instance uuid.UUID `json:"instance"`
	Host     string    `json:"host"`
}

type successor struct {
	party
	Term  int64          `json:"term"`
	After status.Seconds `json:"afterSeconds"`
}

func partyOf(in status.Instance) party { return party{in.ID, in.Host} }

func (p party) name() string { return status.Name(p.Host, p.Instance) }

// check returns an error if another instance took over than the one that was wanted.
func (r handoverResult) check() error {
	switch {
	case r.Next.Instance == r.From.Instance:
		return fmt.Errorf("nobody else took over from %s", r.From.name())
	case r.Wanted != nil && r.Next.Instance != r.Wanted.Instance:
		return fmt.Errorf("%s took over, and not %s", r.Next.name(), r.Wanted.name())
	}
	return nil
}

func (r handoverResult) write(out io.Writer, o handoverOptions) error {
	if o.json {
		return writeJSON(out, r)
	}
	var text string
	switch {
	case r.Already:
		text = fmt.Sprintf("%s is the active one already, in term %d\n", r.From.name(), r.Term)
	case r.Asked:
		text = fmt.Sprintf("asked %s to hand over term %d", r.From.name(), r.Term)
		if !o.wait {
			text += "; add --wait to wait for the next active one"
		}
		text += "\n"
	}
	if r.Next != nil {
		text += fmt.Sprintf("%s is active in term %d after %v\n", r.Next.name(), r.Next.Term, r.Next.After)
	}
	return write(out, []byte(text))
}
