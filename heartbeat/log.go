package heartbeat

import (
	"os"

	"github.com/google/uuid"
)

// write writes a fact to the log.
func (r *runner) write(n note) {
	e := r.log.WithLevel(levels[n.fact])
	if n.term > 0 && n.term != r.Term() {
		e.Int64("of_term", n.term)
	}
	if n.holder != uuid.Nil && n.fact != factRegistered {
		e.Stringer("holder", n.holder)
	}
	if n.host != "" {
		e.Str("host", n.host)
	}
	if n.err != nil {
		e.Err(n.err)
	}
	if n.fact == factRegistered {
		e.Int("pid", os.Getpid())
	}
	e.Msg(n.text())
}
