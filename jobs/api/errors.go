package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// fail answers with the problem that an error is; nil: the request was answered.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	if err == nil {
		return
	}
	var p problem
	if !errors.As(err, &p) {
		p = problemOf(err)
		if p.Status >= http.StatusInternalServerError && r.Context().Err() == nil {
			h.config.Log.Warn().Str("error", status.Visible(status.Plain(err.Error()))).Msg("HTTP " + r.Method + " " + status.Visible(r.URL.Path) + " failed")
		}
	}
	write(w, p)
}

// problemOf returns the problem that an error of the store is. Errors of a driver may name
// servers, so they are only logged.
func problemOf(err error) problem {
	switch {
	case errors.Is(err, store.ErrTooLarge):
		return problem{Kind: "too-large", Title: "The payload is too large", Status: http.StatusRequestEntityTooLarge, Detail: "A payload has up to 1 MiB."}
	case errors.Is(err, store.ErrFull):
		return problem{Kind: "full", Title: "Too many runs wait", Status: http.StatusTooManyRequests,
			Detail: "Try again when some of the runs that wait have been started.", retryAfter: 10}
	case registry.Unreadable(err):
		return problem{Kind: "unreadable", Title: "A record cannot be understood", Status: http.StatusInternalServerError,
			Detail: "A newer version of Understudy wrote it, or it is damaged. The log of this instance says more."}
	case errors.Is(err, registry.ErrRefused), errors.Is(err, registry.ErrReadOnly):
		return busy("The registry answers, but refuses this.")
	case errors.Is(err, context.DeadlineExceeded):
		return busy("The registry does not answer in time. It is not known whether something was changed.")
	}
	return busy("The registry cannot be reached, or does not answer as it should. It is not known whether something was changed.")
}
