package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/status"
)

// accessLog logs each request at the level debug.
func (s *Server) accessLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun, rec := time.Now(), &recorder{ResponseWriter: w, code: http.StatusOK}
		defer func() {
			s.config.Log.Debug().Int("code", rec.code).Stringer("took", time.Since(begun)).Str("from", r.RemoteAddr).
				Msg("HTTP " + r.Method + " " + status.Visible(r.URL.Path))
		}()
		next.ServeHTTP(rec, r)
	})
}

// recorder remembers the status code of an answer.
type recorder struct {
	http.ResponseWriter
	code int
}

func (r *recorder) WriteHeader(code int) {
	r.code = code
	r.ResponseWriter.WriteHeader(code)
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// errorLog logs the lines of net/http's own log as warnings.
type errorLog struct{ log zerolog.Logger }

func (e errorLog) Write(line []byte) (int, error) {
	e.log.Warn().Msg(status.Visible(strings.TrimSpace(string(line))))
	return len(line), nil
}
