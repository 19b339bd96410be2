package heartbeat

// bequeath names what this member leaves behind when its process is killed, before the
// request leaves by which it comes to be. A term that another instance gets, or that has
// ended by itself, is named in vain: a last will ends a term only if this instance holds it.
func (r *runner) bequeath(q request) {
	switch q.kind {
	case kindRegister:
		r.will.Name(q.in.ID, 0)
	case kindBeginTerm:
		r.will.Name(q.term.Holder, q.term.Number)
	}
}
