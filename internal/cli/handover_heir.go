package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// chooseHeir says who is to take over from the active one of a group; its UUID
// is uuid.Nil if that is whoever is senior. It may be the active one itself. The
// warning is what force costs, if anything; t is how long the active one will not
// compete.
func chooseHeir(g status.Group, to string, force bool, t time.Duration) (heir status.Instance, warning string, err error) {
	if len(g.Instances) == 0 || g.Instances[0].Role != registry.Active || g.Instances[0].Silent {
		return heir, "", fmt.Errorf("nobody in group %q would hear the request: %s", g.Name, g.Health)
	}
	active, others := g.Instances[0], g.Instances[1:]
	able := slices.ContainsFunc(others, func(in status.Instance) bool { return !in.Silent && !in.HoldingOff })
	var refused *refusal
	if to != "" {
		if heir, err = find(g.Instances, to); err != nil || heir.ID == active.ID {
			return heir, "", err
		}
		refused = unable(heir)
	} else if !able {
		refused = nobodyElse(others)
	}
	switch {
	case refused == nil:
		return heir, "", nil
	case !force:
		return heir, "", fmt.Errorf("%w; --force asks all the same", refused)
	case able:
		return heir, fmt.Sprintf("warning: %s, so another may take over instead", refused.why), nil
	}
	return heir, fmt.Sprintf("warning: %s, so nobody works for up to %v", refused.why, status.Seconds(t)), nil
}

// refusal is why an instance would not take over, or nobody.
type refusal struct {
	why      string
	more     string // what to do, or what is behind it
	holdsOff bool   // which may be over soon
}

func (r *refusal) Error() string {
	if r.more == "" {
		return r.why
	}
	return r.why + ": " + r.more
}

// holdingOff is why one that holds off does not take over.
const holdingOff = "it handed over or failed before, and does not compete until another is active"

// unable says why an instance would not take over, or nil.
func unable(in status.Instance) *refusal {
	switch {
	case in.Ahead > 0:
		return &refusal{why: fmt.Sprintf("%s was not seen to beat since the registry's clock was set back", status.Name(in.Host, in.ID))}
	case in.Silent:
		return &refusal{why: fmt.Sprintf("%s has not beaten for %v", status.Name(in.Host, in.ID), in.Age)}
	case in.HoldingOff:
		return &refusal{why: status.Name(in.Host, in.ID) + " holds off", more: holdingOff, holdsOff: true}
	}
	return nil
}

// nobodyElse says why none of the others would take over, and what to do.
func nobodyElse(others []status.Instance) *refusal {
	const cure = "start another instance"
	silent := 0
	for _, in := range others {
		if in.Silent {
			silent++
		}
	}
	switch {
	case len(others) == 0:
		return &refusal{why: "nobody else is there to take over", more: cure}
	case silent == len(others):
		return &refusal{why: fmt.Sprintf("nobody could take over, of %d silent", silent), more: cure}
	}
	why := fmt.Sprintf("nobody could take over, of %d silent and %d holding off", silent, len(others)-silent)
	return &refusal{why: why, more: cure + ", or wait (" + holdingOff + ")", holdsOff: true}
}

// find returns the one instance that a text names: its UUID, at least 6 digits
// of its end or beginning, its host, or both as in the log, HOST/DIGITS.
func find(list []status.Instance, text string) (status.Instance, error) {
	found := matching(list, func(in status.Instance) bool { return named(in, text) })
	if i := strings.LastIndexByte(text, '/'); i >= 0 && len(found) == 0 {
		host, digits := text[:i], text[i+1:]
		found = matching(list, func(in status.Instance) bool {
			return strings.EqualFold(in.Host, host) && numbered(in.ID, digits)
		})
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return status.Instance{}, fmt.Errorf("no instance is called %q; there are %s", text, enumerate(list))
	}
	return status.Instance{}, fmt.Errorf("%q is the name of %d instances, say which: %s", text, len(found), enumerate(found))
}

func matching(list []status.Instance, ok func(status.Instance) bool) (found []status.Instance) {
	for _, in := range list {
		if ok(in) {
			found = append(found, in)
		}
	}
	return found
}

func named(in status.Instance, text string) bool {
	return strings.EqualFold(in.Host, text) || numbered(in.ID, text)
}

// numbered reports whether digits are a UUID, or enough of one to be meant.
func numbered(id uuid.UUID, digits string) bool {
	plain := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "-", "")) }
	all, part := plain(id.String()), plain(digits)
	return len(part) >= 6 && (strings.HasPrefix(all, part) || strings.HasSuffix(all, part))
}

// enumerate names instances by their UUIDs and hosts.
func enumerate(list []status.Instance) string {
	const limit = 20
	var names []string
	for _, in := range list[:min(len(list), limit)] {
		name := in.ID.String()
		if in.Host != "" {
			name += " on " + in.Host
		}
		names = append(names, name)
	}
	if more := len(list) - limit; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}
