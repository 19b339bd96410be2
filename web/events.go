package web

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// event is what /status says, as one server-sent event.
func (s *Server) event(ctx context.Context) []byte {
	text, _ := s.encode(ctx)
	return fmt.Appendf(nil, "data: %s\n\n", text)
}

// events sends events until the viewer goes, is too slow, or the server stops.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("X-Accel-Buffering", "no") // nginx would hold events back
	if r.Method == http.MethodHead {
		return
	}
	v, ok := s.audience.join()
	if !ok {
		header.Del("X-Accel-Buffering")
		say(w, http.StatusServiceUnavailable, fmt.Sprintf("%d viewers watch already; /status says the same", s.audience.limit))
		return
	}
	defer s.audience.leave(v)
	s.conns.spare(r.Context(), true)
	defer s.conns.spare(r.Context(), false)
	conn := http.NewResponseController(w)
	for event := []byte("retry: 1000\n\n"); ; {
		_ = conn.SetWriteDeadline(time.Now().Add(s.patience))
		if _, err := w.Write(event); err != nil {
			return
		}
		if err := conn.Flush(); err != nil {
			return
		}
		select {
		case event = <-v:
		case <-r.Context().Done():
			return
		case <-s.ctx.Done():
			return
		}
	}
}
