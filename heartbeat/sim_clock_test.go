package heartbeat

import "time"

// mark is a stretch of a clock at one rate.
type mark struct {
	origin, base time.Duration
	ppm          int64
}

func (h *host) ppm() int64 {
	if h.suspended && h.w.broken == clockIgnoresSuspend {
		return -1e6
	}
	return h.drift + h.slew
}

// local returns the clock's reading now.
func (h *host) local() time.Duration { return h.localAt(h.w.now) }

// localAt returns the clock's reading at an instant, which may be past.
func (h *host) localAt(t time.Duration) time.Duration {
	i := len(h.marks) - 1
	for i > 0 && h.marks[i].origin > t {
		i--
	}
	m := h.marks[i]
	d := t - m.origin
	return m.base + d + time.Duration(int64(d/1000)*m.ppm/1000)
}

// when returns the instant at which the clock will read l, or just after.
func (h *host) when(l time.Duration) time.Duration {
	m := h.marks[len(h.marks)-1]
	if m.ppm <= -1e6 {
		return h.w.now + time.Hour
	}
	d := l - m.base
	return max(h.w.now, m.origin+time.Duration(float64(d)/(1+float64(m.ppm)/1e6))+2*time.Microsecond)
}

// setClock changes the rate of the clock from now on.
func (h *host) setClock() {
	if len(h.marks) == 0 {
		h.marks = append(h.marks, mark{h.w.now, h.base, h.ppm()})
		return
	}
	h.marks = append(h.marks, mark{h.w.now, h.local(), h.ppm()})
	if p := h.proc; p != nil {
		p.tickAt = 0
		p.schedule()
		p.guardLater(h.w.now)
	}
}
