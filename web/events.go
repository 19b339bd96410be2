package web

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// event returns what /status shows as one server-sent event.
func (s *Server) event(ctx context.Context) []byte {
	text, _ := s.encode(ctx)
	return fmt.Appendf(nil, "data: %s\n\n", text)
}

// events sends events until the client goes away, is too slow, or the server stops.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("X-Accel-Buffering", "no") // otherwise nginx holds events back
	if r.Method == http.MethodHead {
		return
	}
	c, ok := s.broadcast.join()
	if !ok {
		header.Del("X-Accel-Buffering")
		writeLine(w, http.StatusServiceUnavailable, fmt.Sprintf("%d clients receive events already; /status shows the same", s.broadcast.limit))
		return
	}
	defer s.broadcast.leave(c)
	s.conns.spare(r.Context(), true)
	defer s.conns.spare(r.Context(), false)
	conn := http.NewResponseController(w)
	for event := []byte("retry: 1000\n\n"); ; {
		_ = conn.SetWriteDeadline(time.Now().Add(s.eventLimit))
		if _, err := w.Write(event); err != nil {
			return
		}
		if err := conn.Flush(); err != nil {
			return
		}
		select {
		case event = <-c:
		case <-r.Context().Done():
			return
		case <-s.ctx.Done():
			return
		}
	}
}
