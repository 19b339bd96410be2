package public

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/status"
)

const (
	keep         = 2 * time.Second  // how long an answer is kept for others
	keepTimeline = 10 * time.Second // it is large
	keepHistory  = 10 * time.Second // older runs of one job: they hardly change
	keepCount    = 30 * time.Second // asked for by pages that show something else
	perWhile     = perPage          // answers made, and histories read, within keep
	maxHistories = 2000             // jobs whose older runs are remembered
)

// The errors of a [Reader], besides store.ErrNoRun and those of the store's calls.
var (
	ErrBusy      = errors.New("too many different questions about jobs at a time")
	ErrNotOpen   = errors.New("not connected to the registry yet")
	ErrRecord    = errors.New("the record cannot be understood")
	ErrNoSuchJob = errors.New("no such job")
)

// Reader reads for all clients. Answers are encoded once, and kept for a while. There is
// one read at a time, and only a certain number of them in a while, so that whoever reaches
// the page cannot keep the registry from the heartbeats.
type Reader struct {
	ctx   context.Context // of all reads
	group string
	store func() store.Asking
	now   func() time.Time

	turn chan struct{} // has room for one token; its owner may use the fields below
	kept map[string]kept
	budget
	latest    latest
	histories map[string]history
}

// Answer is an answer as JSON. A large one is compressed as well, once for all clients: a
// page asks for it every two seconds.
type Answer struct {
	JSON []byte
	Gzip []byte // nil if it is small
}

const large = 4 << 10 // bytes

func encode(v any) (a Answer, err error) {
	if a.JSON, err = json.Marshal(v); err != nil || len(a.JSON) < large {
		return a, err
	}
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed) // the level is one
	if _, err = w.Write(a.JSON); err == nil {
		err = w.Close()
	}
	a.Gzip = packed.Bytes()
	return a, err
}

// kept is an answer, or an error, that is kept.
type kept struct {
	until  time.Time
	answer Answer
	err    error
}

// budget bounds how much is done within keep.
type budget struct {
	begun          time.Time
	answers, reads int // that are left
}

// New returns a reader of a group's jobs, whose reads end with ctx. The function open
// returns nil until the registry has been reached.
func New(ctx context.Context, group string, open func() store.Asking) *Reader {
	return &Reader{
		ctx: ctx, group: group, store: open, now: time.Now, turn: make(chan struct{}, 1),
		kept: map[string]kept{}, histories: map[string]history{},
	}
}

// Jobs returns the JSON of [Jobs]: a page of those that a question names.
func (r *Reader) Jobs(ctx context.Context, q Question) (Answer, error) {
	return r.ask(ctx, fmt.Sprintf("jobs %s %d %s", q.Job, q.Page, q.Filter), keep, func(ctx context.Context, s store.Asking) (any, error) { return r.list(ctx, s, q) })
}

// Timeline returns the JSON of [Timeline], for the jobs of the same page.
func (r *Reader) Timeline(ctx context.Context, q Question) (Answer, error) {
	return r.ask(ctx, fmt.Sprintf("timeline %s %d %s", q.Job, q.Page, q.Filter), keepTimeline, func(ctx context.Context, s store.Asking) (any, error) { return r.timeline(ctx, s, q) })
}

// Run returns the JSON of a [view.Run] without what may be secret.
func (r *Reader) Run(ctx context.Context, job, run string) (Answer, error) {
	k := store.Key{Group: r.group, Job: job, Run: run}
	return r.ask(ctx, "run "+k.String(), keep/2, func(ctx context.Context, s store.Asking) (any, error) {
		found, err := s.Run(ctx, k)
		if unread, _ := readable(err); unread {
			return nil, ErrRecord
		}
		if err != nil {
			return nil, err
		}
		return ofRun(found), nil
	})
}

// Count returns the JSON of a [Count]. It costs a read every now and then at most.
func (r *Reader) Count(ctx context.Context) (Answer, error) {
	return r.ask(ctx, "count", keepCount, func(ctx context.Context, s store.Asking) (any, error) {
		if !r.latest.at.IsZero() && r.now().Sub(r.latest.at) < keepCount && r.latest.err == nil {
			return Count{len(r.latest.jobs)}, nil
		}
		jobs, err := s.Jobs(ctx, r.group)
		if _, err = readable(err); err != nil {
			return nil, err
		}
		return Count{len(jobs)}, nil
	})
}

// Count is how many jobs a group has.
type Count struct {
	Jobs int `json:"jobs"`
}

// ask returns the answer that is kept, or makes one. It returns within status.ReadLimit,
// unless a call of the store does not end with its context.
func (r *Reader) ask(client context.Context, key string, keep time.Duration, find func(context.Context, store.Asking) (any, error)) (Answer, error) {
	// A read goes on without its client, for others wait for it.
	ctx, cancel := context.WithTimeout(r.ctx, status.ReadLimit)
	defer cancel()
	select {
	case r.turn <- struct{}{}:
	case <-client.Done():
		return Answer{}, client.Err()
	case <-ctx.Done():
		return Answer{}, context.DeadlineExceeded
	}
	defer func() { <-r.turn }()
	now := r.now()
	if a, ok := r.kept[key]; ok && now.Before(a.until) {
		return a.answer, a.err
	}
	s := r.store()
	if s == nil {
		return Answer{}, ErrNotOpen
	}
	if !r.spend(now) {
		return Answer{}, ErrBusy
	}
	a := kept{until: now.Add(keep)}
	value, err := find(ctx, s)
	if ctx.Err() != nil {
		value, err = nil, context.Cause(ctx)
	}
	if err == nil {
		a.answer, err = encode(value)
	}
	if a.err = err; err != nil {
		a.until = now.Add(min(keep, retryAfter))
	}
	r.kept[key] = a
	return a.answer, a.err
}

const retryAfter = 2 * time.Second // how long an error is kept

// spend reports whether one more answer may be made. When a new period begins, it also
// forgets what is not fresh any more.
func (r *Reader) spend(now time.Time) bool {
	if since := now.Sub(r.begun); since < 0 || since >= keep {
		r.budget = budget{begun: now, answers: perWhile, reads: perWhile}
		for key, a := range r.kept {
			if !now.Before(a.until) {
				delete(r.kept, key)
			}
		}
		for job, h := range r.histories {
			if now.Sub(h.at) >= 2*keepHistory {
				delete(r.histories, job)
			}
		}
	}
	r.answers--
	return r.answers >= 0
}
