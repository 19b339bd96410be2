package heartbeat

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// store is a registry in memory: the model that the simulation and the runner's
// tests run against. Every request is atomic and answers at once.
type store struct {
	mu        sync.Mutex
	clock     func() time.Time
	instances map[uuid.UUID]registry.Instance
	terms     []registry.Term    // of one group, in order
	spoilt    map[uuid.UUID]bool // records that make no sense except for their beat
	watchers  map[chan registry.Notice]struct{}
	everybody bool // should listen, as in a file of SQLite
	unread    int  // views that left the holder's record out
}

var _ registry.Registry = (*store)(nil)

func newStore(clock func() time.Time) *store {
	return &store{clock: clock, instances: map[uuid.UUID]registry.Instance{}, watchers: map[chan registry.Notice]struct{}{}}
}

func (s *store) Register(ctx context.Context, in registry.Instance) (registry.Ack, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.instances[in.ID]; ok {
		return registry.Ack{}, registry.ErrRegistered
	}
	in.Beat, in.StartedAt, in.Heartbeat = 0, s.clock(), s.clock()
	s.instances[in.ID] = in
	return s.ack(in), nil
}

// ack returns the answer to a beat.
func (s *store) ack(in registry.Instance) registry.Ack {
	if s.everybody {
		in.Listen = registry.AnyTerm
	}
	return registry.Ack{At: in.Heartbeat, Listen: in.Listen}
}

func (s *store) Beat(ctx context.Context, id uuid.UUID, status registry.Status) (registry.Ack, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, ok := s.instances[id]
	if !ok {
		return registry.Ack{}, registry.ErrNotRegistered
	}
	in.Beat++
	in.Heartbeat, in.Status = s.clock(), status
	s.instances[id] = in
	return s.ack(in), nil
}

func (s *store) Mark(ctx context.Context, id uuid.UUID, term int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in, ok := s.instances[id]; ok {
		in.Listen = term
		s.instances[id] = in
	}
	return nil
}

func (s *store) Unregister(ctx context.Context, id uuid.UUID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ringsAtItsEnd(s.instances[id]) {
		s.changed(uuid.Nil)
	}
	delete(s.instances, id)
	return nil
}

// ringsAtItsEnd reports whether a registry rings when a registration ends: somebody else
// comes next then. The end of an active one comes after that of its term.
func ringsAtItsEnd(in registry.Instance) bool { return in.Listen > 0 && in.Role != registry.Active }

func (s *store) View(ctx context.Context, group string, except ...uuid.UUID) (registry.View, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.view(except...)
	if v.Latest != nil && v.Latest.Open() && slices.Contains(except, v.Latest.Holder) {
		s.unread++
	}
	return v, nil
}

func (s *store) view(except ...uuid.UUID) registry.View {
	var v registry.View
	if n := len(s.terms); n > 0 {
		t := s.terms[n-1]
		v.Latest = &t
		if in, ok := s.instances[t.Holder]; ok && t.Open() && !slices.Contains(except, t.Holder) {
			if s.spoilt[t.Holder] {
				in, v.Damage = t.Remains(in.Beat), registry.ErrCorrupt
			}
			v.Holder = &in
		}
	}
	return v
}

func (s *store) DeleteOrphan(ctx context.Context, id uuid.UUID, beat int64) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, ok := s.instances[id]
	if !ok || in.Beat != beat {
		return false, nil
	}
	delete(s.instances, id)
	return true, nil
}

func (s *store) BeginTerm(ctx context.Context, t registry.Term) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := len(s.terms)
	for i > 0 && s.terms[i-1].Number >= t.Number {
		if s.terms[i-1].Number == t.Number {
			return registry.ErrTermTaken
		}
		i--
	}
	t.StartedAt = s.clock()
	s.terms = append(s.terms[:i], append([]registry.Term{t}, s.terms[i:]...)...)
	s.changed(uuid.Nil)
	return nil
}

func (s *store) EndTerm(ctx context.Context, group string, number int64, holder uuid.UUID, end registry.End) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, t := range s.terms {
		if t.Number == number && t.Holder == holder && t.Open() {
			s.terms[i].EndedAt, s.terms[i].End = s.clock(), end
			s.changed(end.Next)
		}
	}
	return nil
}

func (s *store) Candidate(ctx context.Context, group string, at time.Time, within time.Duration, except ...uuid.UUID) (registry.Instance, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var best *registry.Instance
next:
	for _, in := range s.instances {
		for _, id := range except {
			if in.ID == id {
				continue next
			}
		}
		if !in.Candidate || !in.Live(at, within) || s.spoilt[in.ID] {
			continue
		}
		if best == nil || in.Priority > best.Priority || in.Priority == best.Priority && bytes.Compare(in.ID[:], best.ID[:]) < 0 {
			best = &in
		}
	}
	if best == nil {
		return registry.Instance{}, registry.ErrNoCandidate
	}
	return *best, nil
}

func (s *store) Claimant(ctx context.Context, group string, above int64) (registry.Instance, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var best registry.Instance
	for _, in := range s.instances {
		if in.Term > above && !s.spoilt[in.ID] && (in.Term > best.Term || in.Term == best.Term && bytes.Compare(in.ID[:], best.ID[:]) < 0) {
			best = in
		}
	}
	if best.Term == 0 {
		return best, registry.ErrNoClaimant
	}
	return best, nil
}

// latest returns the latest term, or the zero term if there is none.
func (s *store) latest() registry.Term {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.view(); v.Latest != nil {
		return *v.Latest
	}
	return registry.Term{}
}

// term returns the term of a number, which must be there.
func (s *store) term(number int64) registry.Term {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.terms[slices.IndexFunc(s.terms, func(t registry.Term) bool { return t.Number == number })]
}

func (s *store) Silent(ctx context.Context, group string, at time.Time, within time.Duration) ([]registry.Instance, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var (
		list []registry.Instance
		err  error
	)
	for _, in := range s.instances {
		if s.spoilt[in.ID] {
			err = registry.ErrCorrupt
			continue
		}
		if at.Sub(in.Heartbeat).Abs() > within {
			list = append(list, in)
		}
	}
	sortByID(list)
	return list, err
}

func (s *store) Watch(ctx context.Context, group string) (<-chan registry.Notice, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := make(chan registry.Notice, 1)
	s.watchers[c] = struct{}{}
	context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, c)
		close(c)
	})
	return c, nil
}

func (s *store) changed(next uuid.UUID) {
	for c := range s.watchers {
		n := registry.Notice{For: next}
		select {
		case earlier := <-c:
			n = earlier.And(n)
		default:
		}
		c <- n
	}
}

func (s *store) requestHandover(number int64, to uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, t := range s.terms {
		if t.Number == number && t.Open() {
			s.terms[i].Handover = &registry.Handover{To: to, At: s.clock()}
			s.changed(t.Holder)
		}
	}
}

func (s *store) Close(ctx context.Context) error { return nil }

func sortByID(list []registry.Instance) {
	slices.SortFunc(list, func(a, b registry.Instance) int { return bytes.Compare(a.ID[:], b.ID[:]) })
}
