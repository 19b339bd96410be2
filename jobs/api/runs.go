package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
)

func (h *Handler) listRuns(ctx context.Context, c *call) error {
	if err := c.query.only("status", "since", "before", "limit"); err != nil {
		return err
	}
	f, err := c.query.filter(h.config.Group, c.key.Job)
	if err != nil {
		return err
	}
	page, err := view.ReadRuns(ctx, c.store, h.config.Group, f)
	if err != nil {
		return err
	}
	if len(page.Runs) == 0 && page.Unread == "" {
		if err := c.wantJob(ctx, true); err != nil {
			return err
		}
	}
	return writeJSON(c.w, http.StatusOK, page)
}

// trigger asks for a run. Who sends the same request with the same key again gets the same
// run.
func (h *Handler) trigger(_ context.Context, c *call) error {
	if err := c.query.only("at", "priority"); err != nil {
		return err
	}
	r := store.Run{Key: c.key, Trigger: store.ByPerson, By: c.by}
	var err error
	if r.Due, err = c.query.instant("at"); err != nil {
		return err
	}
	priority, err := c.query.number("priority", 0, -store.MaxPriority, store.MaxPriority)
	if err != nil {
		return err
	}
	r.Priority = int(priority)
	if r.Key.Run, err = runID(c.r.Header); err != nil {
		return err
	}
	payload, err := c.payload()
	if err != nil {
		return err
	}
	seen := h.look(c.r.Context())
	ctx, cancel := context.WithTimeout(c.r.Context(), h.limit) // the payload may have taken its time
	defer cancel()
	if err := c.wantJob(ctx, false); err != nil {
		return err
	}
	stored, created, err := c.store.Submit(ctx, r, payload, store.MaxWaiting)
	if errors.Is(err, store.ErrConflict) {
		return problem{Kind: "conflict", Title: "There is a run of this key with another payload", Status: http.StatusConflict,
			Detail: "A key makes one run. Send the payload of the first request, or another key.", Run: runPath(r.Key)}
	}
	if err != nil {
		return err
	}
	code := http.StatusOK
	if created {
		code = http.StatusAccepted
		c.log("run " + stored.Key.String() + ": triggered")
	}
	c.w.Header().Set("Location", runPath(stored.Key))
	run := view.OfRun(stored)
	run.Note = h.note(stored, seen)
	return writeJSON(c.w, code, run)
}

// runID returns the ID of the run that a request asks for. A key may be in quotes, as the
// draft of the header's standard has it.
func runID(header http.Header) (string, error) {
	keys := header.Values("Idempotency-Key")
	if len(keys) == 0 {
		return store.NewID(), nil
	}
	key := strings.TrimSpace(keys[0])
	if len(key) >= 2 && key[0] == '"' && key[len(key)-1] == '"' {
		key = key[1 : len(key)-1]
	}
	if err := store.CheckKey(key); err != nil {
		return "", invalid(fmt.Errorf("header Idempotency-Key: %w", err))
	}
	if len(keys) > 1 {
		return "", invalid(errors.New("header Idempotency-Key: want it once"))
	}
	return store.KeyID(key), nil
}

// payload returns the body of a request.
func (c *call) payload() ([]byte, error) {
	if c.r.ContentLength > store.MaxPayload {
		return nil, store.ErrTooLarge // before it is sent, if the client asks first
	}
	conn := http.NewResponseController(c.w)
	_ = conn.SetReadDeadline(time.Now().Add(c.h.body))
	_ = conn.SetWriteDeadline(time.Now().Add(c.h.body + c.h.limit + sendTime))
	payload, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, store.MaxPayload))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, store.ErrTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, problem{Kind: "slow", Title: "The payload did not arrive in time", Status: http.StatusRequestTimeout,
			Detail: fmt.Sprintf("It has to arrive within %v.", c.h.body)}
	case err != nil:
		return nil, invalid(errors.New("the payload did not arrive as a whole"))
	}
	return payload, nil
}

func (h *Handler) showRun(ctx context.Context, c *call) error {
	if err := c.query.only(); err != nil {
		return err
	}
	r, err := c.store.Run(ctx, c.key)
	if errors.Is(err, store.ErrNoRun) {
		return c.noRun(ctx)
	}
	if err != nil {
		return err
	}
	return writeJSON(c.w, http.StatusOK, view.OfRun(r))
}

// cancel answers with 200 if the run has ended by it, and with 202 if the active instance
// has to end it.
func (h *Handler) cancel(ctx context.Context, c *call) error {
	if err := c.query.only("why"); err != nil {
		return err
	}
	r, err := c.store.Cancel(ctx, c.key, c.by, c.query.values.Get("why"))
	if err := c.refused(ctx, err, func(r store.Run) string {
		return fmt.Sprintf("The run is %s and cannot be cancelled, because it has ended.", r.State)
	}); err != nil {
		return err
	}
	code := http.StatusOK
	if !r.State.Ended() {
		code = http.StatusAccepted
	}
	c.log("run " + c.key.String() + ": cancellation asked for")
	return writeJSON(c.w, code, view.OfRun(r))
}

func (h *Handler) retry(ctx context.Context, c *call) error {
	if err := c.query.only(); err != nil {
		return err
	}
	r, err := c.store.Retry(ctx, c.key, c.by)
	if err := c.refused(ctx, err, func(r store.Run) string {
		if r.Open && r.State.Retryable() {
			return fmt.Sprintf("The run is %s, but the active instance has not done yet what follows its end. Try again.", r.State)
		}
		return fmt.Sprintf("The run is %s and cannot be retried: want one that failed, timed out, exited or was cancelled.", r.State)
	}); err != nil {
		return err
	}
	c.log("run " + c.key.String() + ": retry asked for")
	c.w.Header().Set("Location", runPath(r.Key))
	return writeJSON(c.w, http.StatusAccepted, view.OfRun(r))
}

// refused returns the problem of a request about a run that the store refused. why says in
// which state the run is, and what would be right.
func (c *call) refused(ctx context.Context, err error, why func(store.Run) string) error {
	switch {
	case errors.Is(err, store.ErrNoRun):
		return c.noRun(ctx)
	case errors.Is(err, store.ErrState):
		p := problem{Kind: "state", Title: "This is not possible in the run's state", Status: http.StatusConflict, Run: runPath(c.key)}
		if r, err := c.store.Run(ctx, c.key); err == nil {
			p.Detail = why(r)
		}
		return p
	}
	return err
}
