package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// updates are the calls of Update that wait. Those that come while a transaction is being
// written go into the next one together: what an update costs is the wait for the disk.
type updates struct {
	mu      sync.Mutex
	waiting []*update
	writing bool // a goroutine writes what waits
}

// update is a call of Update.
type update struct {
	holder store.Holder
	was    store.Version
	run    store.Run
	until  time.Time    // its caller waits no longer; zero: for ever
	answer chan updated // has room for one
}

// updated is the answer to an update.
type updated struct {
	there *store.Run // the record that is there instead
	err   error
}

const (
	maxTogether = 64               // updates in one transaction, as a long one locks others out
	writeTime   = 10 * time.Second // for a transaction of updates that nobody has given a deadline
)

// Update writes what the holder decides about a run, if its record is of the version was.
func (s *Store) Update(ctx context.Context, h store.Holder, was store.Version, r store.Run) (*store.Run, error) {
	const name = "update"
	if r.Group != h.Group {
		return nil, fmt.Errorf("%s: %w", name, otherGroup(h, r.Group))
	}
	if err := ctx.Err(); err != nil {
		return nil, s.named(name, err)
	}
	r.Term, r.Instance = h.Term, h.Instance
	until, _ := ctx.Deadline()
	u := &update{holder: h, was: was, run: r, until: until, answer: make(chan updated, 1)}
	s.updates.mu.Lock()
	s.updates.waiting = append(s.updates.waiting, u)
	begin := !s.updates.writing
	s.updates.writing = true
	s.updates.mu.Unlock()
	if begin {
		go s.writeUpdates()
	}
	select {
	case a := <-u.answer:
		return a.there, a.err
	case <-ctx.Done():
		if s.updates.withdraw(u) {
			return nil, s.named(name, fmt.Errorf("nothing was written: %w", ctx.Err()))
		}
	}
	select { // it is being written, and ends soon
	case a := <-u.answer:
		return a.there, a.err
	case <-time.After(50 * time.Millisecond):
		return nil, s.named(name, fmt.Errorf("it has not answered: %w", ctx.Err()))
	}
}

// withdraw takes an update back, and reports whether it was still waiting.
func (q *updates) withdraw(u *update) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, other := range q.waiting {
		if other == u {
			q.waiting = append(q.waiting[:i], q.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// next returns updates that go into one transaction: all of one holder. If none waits, the
// goroutine that asks has to end.
func (q *updates) next() (list []*update) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) > 0 && len(list) < maxTogether && (len(list) == 0 || q.waiting[0].holder == list[0].holder) {
		list, q.waiting = append(list, q.waiting[0]), q.waiting[1:]
	}
	if len(list) == 0 {
		q.writing, q.waiting = false, nil
	}
	return list
}

// writeUpdates writes updates until none waits.
func (s *Store) writeUpdates() {
	for list := s.updates.next(); len(list) > 0; list = s.updates.next() {
		for i, a := range s.writeTogether(list) {
			list[i].answer <- a
		}
	}
}

// writeTogether writes updates of one holder in one transaction. An update that does not
// fit to its record keeps no other from being written.
func (s *Store) writeTogether(list []*update) []updated {
	const name = "update"
	until := time.Now().Add(writeTime)
	for i, u := range list {
		if !u.until.IsZero() && (i == 0 || u.until.After(until)) {
			until = u.until
		}
	}
	ctx, cancel := context.WithDeadline(context.Background(), until)
	defer cancel()
	answers, err := holding(ctx, s, name, ofHolder, list[0].holder, func(c *conn) ([]updated, error) {
		answers := make([]updated, len(list))
		for i, u := range list {
			there, err := c.update(u)
			if err != nil && !ofOneRecord(err) {
				return nil, err
			}
			if registry.Unreadable(err) {
				err = store.LeftOut(err)
			}
			answers[i] = updated{there, err}
		}
		return answers, nil
	})
	if err != nil {
		answers = make([]updated, len(list))
		for i := range answers {
			answers[i].err = err
		}
		return answers
	}
	for i, a := range answers {
		switch {
		case a.err != nil:
			answers[i].err = s.named(name, a.err)
		case a.there != nil:
			answers[i].err = fmt.Errorf("%s: %s is %s under term %d, attempt %d: %w", name, a.there.Key, a.there.State, a.there.Term, a.there.Attempt, store.ErrChanged)
		}
	}
	return answers
}

// ofOneRecord reports whether an error is about one record, of which nothing was written.
func ofOneRecord(err error) bool {
	return errors.Is(err, store.ErrNoRun) || errors.Is(err, store.ErrTooLarge) || registry.Unreadable(err)
}

// update writes an update, or returns the record that is there instead.
func (c *conn) update(u *update) (*store.Run, error) {
	r := u.run
	before, err := c.mustRun(r.Key)
	if err != nil {
		return nil, err
	}
	if before.Version() != u.was || before.Term > u.holder.Term {
		return &before, nil
	}
	after := before
	after.State, after.Open, after.Term, after.Instance, after.Attempt, after.Nonce = r.State, r.Open, r.Term, r.Instance, r.Attempt, r.Nonce
	after.Attempts, after.Failures, after.Interruptions, after.Due = r.Attempts, r.Failures, r.Interruptions, r.Due
	after.Result, after.Output, after.Remark, after.EndedAt = r.Result, r.Output, r.Remark, r.EndedAt
	if after.Attempt != before.Attempt {
		after.Progress = store.Progress{}
	}
	if after, err = after.Stored(); err != nil {
		return nil, err
	}
	return nil, c.updateRun(after)
}
