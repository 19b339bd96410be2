package heartbeat

import "github.com/google/uuid"

// bequest is what a member leaves behind when its process is killed: a registration, and a
// term or none. It may never have come to be.
type bequest struct {
	instance uuid.UUID
	term     int64
}

// bequest returns what is left behind from before the request leaves, if that differs from
// what was left behind before. A last will ends a term only if this instance holds it, so
// one that another instance gets is named in vain.
func (r request) bequest() (_ bequest, ok bool) {
	switch r.kind {
	case kindRegister:
		return bequest{instance: r.in.ID}, true
	case kindBeginTerm:
		return bequest{r.term.Holder, r.term.Number}, true
	}
	return bequest{}, false
}
