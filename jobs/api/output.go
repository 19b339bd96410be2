package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

const (
	followEvery = 500 * time.Millisecond
	sendTime    = 10 * time.Second // for a client to take a piece of it
)

// output answers with what a run wrote, and if follow is set with what it still writes.
func (h *Handler) output(w http.ResponseWriter, r *http.Request) {
	if follow, _ := (query{r.URL.Query()}).yes("follow"); follow {
		h.fail(w, r, h.follow(w, r))
		return
	}
	h.bounded(h.showOutput)(w, r)
}

func (h *Handler) showOutput(ctx context.Context, c *call) error {
	r, err := c.runOfOutput(ctx)
	if err != nil {
		return err
	}
	var chunks []store.Chunk
	if r.Attempt > 0 {
		if chunks, err = c.chunks(ctx, r.Attempt, 0); err != nil {
			return err
		}
	}
	s := newStream(c.w)
	s.Chunks = func(context.Context, int, int) ([]store.Chunk, error) { return chunks, nil }
	s.begin()
	_ = s.Advance(ctx, r) // fails only if the client goes away
	return nil
}

// runOfOutput returns the run that the path names.
func (c *call) runOfOutput(ctx context.Context) (store.Run, error) {
	if err := c.query.only("follow"); err != nil {
		return store.Run{}, err
	}
	if _, err := c.query.yes("follow"); err != nil {
		return store.Run{}, err
	}
	r, err := c.store.Run(ctx, c.key)
	if errors.Is(err, store.ErrNoRun) {
		return r, c.noRun(ctx)
	}
	return r, err
}

// chunks returns the chunks of an attempt that can be understood.
func (c *call) chunks(ctx context.Context, attempt, from int) ([]store.Chunk, error) {
	list, err := c.store.Chunks(ctx, c.key, attempt, from)
	if registry.Unreadable(err) || errors.Is(err, store.ErrNoRun) {
		err = nil
	}
	return list, err
}

// errNotRead says that chunks could not be read, while the client still follows.
var errNotRead = errors.New("the chunks could not be read")

// follow sends the output of a run until it ends, the client goes away or takes too long,
// or the server stops. While the registry is away, it waits. Its error is one from before
// the first byte.
func (h *Handler) follow(w http.ResponseWriter, req *http.Request) error {
	select {
	case h.followers <- struct{}{}:
		defer func() { <-h.followers }()
	default:
		return busy(fmt.Sprintf("%d clients follow an output already. Without follow there is an answer.", maxFollowers))
	}
	c, err := h.call(w, req)
	if err != nil {
		return err
	}
	read := func(f func(ctx context.Context) error) error {
		ctx, cancel := context.WithTimeout(req.Context(), h.limit)
		defer cancel()
		return f(ctx)
	}
	var run store.Run
	if err := read(func(ctx context.Context) (err error) { run, err = c.runOfOutput(ctx); return err }); err != nil {
		return err
	}
	w.Header().Set("X-Accel-Buffering", "no") // otherwise nginx holds the output back
	s := newStream(w)
	s.conn, s.time = http.NewResponseController(w), h.send
	s.Chunks = func(_ context.Context, attempt, from int) (list []store.Chunk, err error) {
		if read(func(ctx context.Context) error { list, err = c.chunks(ctx, attempt, from); return err }) != nil {
			return nil, errNotRead
		}
		return list, nil
	}
	defer s.extend()
	s.begin()
	if req.Method == http.MethodHead {
		return nil
	}
	tick := time.NewTicker(h.every)
	defer tick.Stop()
	for fresh := true; ; {
		if fresh {
			switch err := s.Advance(req.Context(), run); {
			case errors.Is(err, errNotRead): // it is tried again
			case err != nil, s.conn.Flush() != nil, run.State.Ended():
				return nil
			}
		}
		select {
		case <-req.Context().Done():
			return nil
		case <-tick.C:
		}
		err := read(func(ctx context.Context) (err error) { run, err = c.store.Run(ctx, c.key); return err })
		if errors.Is(err, store.ErrNoRun) || registry.Unreadable(err) {
			return nil // it was deleted, or somebody spoilt it
		}
		fresh = err == nil
	}
}
