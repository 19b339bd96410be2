package heartbeat

import "time"

// maxFormer bounds how many former registrations are ended once the registry answers
// again. Peers sweep the others.
const maxFormer = 10

// backlog is what this instance still has to clean up in the registry, and nobody
// waits for: traces of its past, and orphans. Its requests go in the background.
//
// The machine writes it when it gives up a registration or a term, takes over from an
// orphan, or finds orphans.
type backlog struct {
	unclosed  *request      // the end of a term that is not of this registration; nil: none
	former    []request     // to unregister former registrations, which could not be at the time
	orphans   []request     // to delete orphans, none of which holds the latest term
	nextSweep time.Duration // when silent instances are searched for again
	turn      int           // whose turn it is, of the four above
}

// next returns the request whose turn it is, or nil if there is nothing to do. The
// ends of past terms, former registrations, orphans and the search for them take
// turns, so that one that always fails keeps none of the others from its turn. search
// returns the search if it is due, else nil.
func (b *backlog) next(search func() *request) *request {
	const turns = 4
	for range turns {
		turn := b.turn
		b.turn = (b.turn + 1) % turns
		var r *request
		switch turn {
		case 0:
			r = b.unclosed
		case 1:
			r = b.firstFormer()
		case 2:
			r = b.takeOrphan()
		case 3:
			r = search()
		}
		if r != nil {
			return r
		}
	}
	return nil
}

// last returns the next request of an instance that leaves, or nil. Such an instance
// only cleans up behind itself.
func (b *backlog) last() *request {
	if b.unclosed != nil {
		return b.unclosed
	}
	return b.firstFormer()
}

// endLater remembers the end of a term.
func (b *backlog) endLater(r *request) { b.unclosed = r }

// termEnded takes note that the end of a past term was acknowledged, or given up.
func (b *backlog) termEnded() { b.unclosed = nil }

func (b *backlog) firstFormer() *request {
	if len(b.former) == 0 {
		return nil
	}
	return &b.former[0]
}

// unregisterLater remembers a registration that could not be ended.
func (b *backlog) unregisterLater(r request) {
	if len(b.former) < maxFormer {
		b.former = append(b.former, *r.inPast())
	}
}

// unregistered takes note that the first former registration is ended, or given up.
func (b *backlog) unregistered() { b.former = b.former[1:] }

func (b *backlog) takeOrphan() *request {
	if len(b.orphans) == 0 {
		return nil
	}
	r := b.orphans[0]
	b.orphans = b.orphans[1:]
	return &r
}

// deleteOrphans sets which orphans are to be deleted.
func (b *backlog) deleteOrphans(list []request) { b.orphans = list }

// deleteOrphanToo adds an orphan, unless it is to be deleted already.
func (b *backlog) deleteOrphanToo(r request) {
	for _, o := range b.orphans {
		if o.id == r.id {
			return
		}
	}
	b.orphans = append(b.orphans, r)
}

// sweepDue reports whether it is time to search for silent instances.
func (b *backlog) sweepDue(now time.Duration) bool { return now >= b.nextSweep }

// sweepAt sets when that is next.
func (b *backlog) sweepAt(instant time.Duration) { b.nextSweep = instant }
