package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/understudy-go/understudy/jobs/public"
	"github.com/understudy-go/understudy/jobs/store"
)

// jobsRoutes adds what the page reads of jobs, and the API of jobs.
func (s *Server) jobsRoutes(mux *http.ServeMux) {
	if s.config.Jobs == nil {
		mux.HandleFunc("GET /page/jobs/count", func(w http.ResponseWriter, r *http.Request) {
			s.answerJobs(w, r, public.Answer{JSON: []byte(`{"jobs":0}`)}, nil)
		})
	} else {
		mux.HandleFunc("GET /page/jobs", s.askJobs(s.jobs.Jobs))
		mux.HandleFunc("GET /page/timeline", s.askJobs(s.jobs.Timeline))
		mux.HandleFunc("GET /page/jobs/count", func(w http.ResponseWriter, r *http.Request) {
			answer, err := s.jobs.Count(r.Context())
			s.answerJobs(w, r, answer, err)
		})
		mux.HandleFunc("GET /page/run", s.askRun)
	}
	if s.config.API != nil {
		api := s.untilShutdown(s.config.API)
		mux.Handle("/jobs", api)
		mux.Handle("/jobs/", api)
		mux.Handle("/runs/", api)
	}
}

// untilShutdown ends requests that only read when the server stops: one that follows an
// output has no other end.
func (s *Server) untilShutdown(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			ctx, cancel := context.WithCancel(r.Context())
			defer cancel()
			defer context.AfterFunc(s.ctx, cancel)()
			r = r.WithContext(ctx)
		}
		next.ServeHTTP(w, r)
	})
}

// askJobs answers a question about a page of jobs: job=NAME, or filter=TEXT and page=N.
func (s *Server) askJobs(ask func(context.Context, public.Question) (public.Answer, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		q := public.Question{Job: query.Get("job"), Filter: query.Get("filter")}
		err := error(nil)
		if text := query.Get("page"); text != "" {
			if q.Page, err = strconv.Atoi(text); err != nil {
				err = fmt.Errorf("page %.100q: want a number", text)
			}
		}
		if err = errors.Join(err, q.Check()); err != nil {
			writeProblem(w, http.StatusBadRequest, err.Error())
			return
		}
		answer, err := ask(r.Context(), q)
		s.answerJobs(w, r, answer, err)
	}
}

// askRun answers with the run that job=NAME and run=ID name.
func (s *Server) askRun(w http.ResponseWriter, r *http.Request) {
	k := store.Key{Group: s.config.Group, Job: r.URL.Query().Get("job"), Run: r.URL.Query().Get("run")}
	if err := k.Check(); err != nil {
		writeProblem(w, http.StatusBadRequest, err.Error())
		return
	}
	answer, err := s.jobs.Run(r.Context(), k.Job, k.Run)
	s.answerJobs(w, r, answer, err)
}

func (s *Server) answerJobs(w http.ResponseWriter, r *http.Request, a public.Answer, err error) {
	switch {
	case err == nil:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Vary", "Accept-Encoding")
		if a.Gzip != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(a.Gzip)
			return
		}
		_, _ = w.Write(a.JSON)
	case errors.Is(err, store.ErrNoRun):
		writeProblem(w, http.StatusNotFound, "There is no such run. It may have been deleted, as old ones are.")
	case errors.Is(err, public.ErrNoSuchJob):
		writeProblem(w, http.StatusNotFound, "There is no such job.")
	case errors.Is(err, public.ErrBusy):
		w.Header().Set("Retry-After", "2")
		writeProblem(w, http.StatusServiceUnavailable, "Too many different things are being asked about jobs at a time.")
	case errors.Is(err, public.ErrRecord):
		writeProblem(w, http.StatusServiceUnavailable, "This record cannot be understood. A newer version of Understudy wrote it, or it is damaged.")
	default:
		writeProblem(w, http.StatusServiceUnavailable, s.config.self().problem(err))
	}
}

// writeProblem answers with a sentence that the page shows. It has none of the registry's
// own words, as they may name servers.
func writeProblem(w http.ResponseWriter, code int, sentence string) {
	text, _ := json.Marshal(map[string]string{"problem": sentence}) // a string can always be encoded
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(append(text, '\n'))
}
