package api

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
)

// query is the part of a URL after the question mark.
type query struct{ values url.Values }

func parseQuery(text string) (query, error) {
	values, err := url.ParseQuery(text)
	if err != nil {
		return query{}, invalid(fmt.Errorf("the query of the URL: %w", err))
	}
	return query{values}, nil
}

// only returns what is wrong if the query has other parameters than these, or one of them
// more than once. A parameter without effect would mislead.
func (q query) only(names ...string) error {
	for name, values := range q.values {
		switch {
		case !slices.Contains(names, name) && len(names) == 0:
			return invalid(fmt.Errorf("parameter %.100q: want none", name))
		case !slices.Contains(names, name):
			return invalid(fmt.Errorf("parameter %.100q: want one of %s", name, strings.Join(names, ", ")))
		case len(values) > 1:
			return invalid(fmt.Errorf("parameter %s: want it once", name))
		}
	}
	return nil
}

// number returns a whole number within bounds; otherwise is what stands for none.
func (q query) number(name string, otherwise, least, most int64) (int64, error) {
	if !q.values.Has(name) {
		return otherwise, nil
	}
	text := q.values.Get(name)
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		return 0, invalid(fmt.Errorf("%s %.100q: want a whole number from %d to %d", name, text, least, most))
	}
	return n, nil
}

// instant returns an instant, zero if there is none. In a query a + stands for a space, so
// who does not escape that of an offset sends a space.
func (q query) instant(name string) (time.Time, error) {
	if !q.values.Has(name) {
		return time.Time{}, nil
	}
	text := q.values.Get(name)
	at, err := time.Parse(time.RFC3339, strings.Replace(text, " ", "+", 1))
	if err != nil || store.Instant(at).IsZero() {
		return time.Time{}, invalid(fmt.Errorf("%s %.100q: want an instant after 1970 with its offset, such as 2027-01-01T00:00:00Z or 2027-01-01T00:00:00+01:00", name, text))
	}
	return at, nil
}

// yes returns whether a parameter is 1 or true.
func (q query) yes(name string) (bool, error) {
	switch text := q.values.Get(name); {
	case !q.values.Has(name), text == "0", text == "false":
		return false, nil
	case text == "1", text == "true":
		return true, nil
	default:
		return false, invalid(fmt.Errorf("%s %.100q: want 1 or 0", name, text))
	}
}

// filter returns which runs of a job are wanted.
func (q query) filter(group, job string) (store.Filter, error) {
	f := store.Filter{Job: job}
	if q.values.Has("status") {
		for word := range strings.SplitSeq(q.values.Get("status"), ",") {
			state, err := view.ParseStatus(word)
			if err != nil {
				return f, invalid(err)
			}
			f.States = append(f.States, state)
		}
	}
	var err error
	if f.Since, err = q.instant("since"); err != nil {
		return f, err
	}
	if q.values.Has("before") {
		if f.Before, err = view.ParseCursor(group, q.values.Get("before")); err != nil {
			return f, invalid(err)
		}
		if f.Before.Job != job {
			return f, invalid(fmt.Errorf("before %.100q: want that of a page of job %s", q.values.Get("before"), job))
		}
	}
	limit, err := q.number("limit", 100, 1, store.MaxPage)
	f.Limit = int(limit)
	return f, err
}
