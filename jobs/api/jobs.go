package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
)

func (h *Handler) listJobs(ctx context.Context, c *call) error {
	if err := c.query.only(); err != nil {
		return err
	}
	list, err := view.ReadJobs(ctx, c.store, h.config.Group, h.now())
	if err != nil {
		return err
	}
	return writeJSON(c.w, http.StatusOK, list)
}

func (h *Handler) pause(ctx context.Context, c *call) error {
	if err := c.query.only("why"); err != nil {
		return err
	}
	j, err := c.store.Pause(ctx, h.config.Group, c.key.Job, c.by, c.query.values.Get("why"))
	return c.answerJob(ctx, "paused", j, err)
}

func (h *Handler) resume(ctx context.Context, c *call) error {
	if err := c.query.only(); err != nil {
		return err
	}
	j, err := c.store.Resume(ctx, h.config.Group, c.key.Job)
	return c.answerJob(ctx, "resumed", j, err)
}

// answerJob answers with a job after somebody asked for something.
func (c *call) answerJob(ctx context.Context, done string, j store.Job, err error) error {
	if errors.Is(err, store.ErrNoJob) {
		if err := c.wantJob(ctx, false); err != nil {
			return err
		}
		return busy("The job appeared a moment ago. Try again.")
	}
	if err != nil {
		return err
	}
	c.log("job " + j.Name + ": " + done)
	return writeJSON(c.w, http.StatusOK, view.OfJob(j))
}
