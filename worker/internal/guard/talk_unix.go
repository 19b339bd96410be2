//go:build unix

package guard

import (
	"errors"
	"syscall"
)

// read reports what the guard says, and sees to its end.
func (g *Guard) read() {
	defer close(g.events)
	defer close(g.gone)
	hasEnded := false
	g.listen(func(m message) {
		switch m.kind {
		case mReady:
			g.ready <- nil
		case mRefused:
			g.ready <- errors.New(m.strings[0])
		case mStarted:
			g.events <- Event{Kind: Started, PID: int(m.numbers[0])}
		case mNotStarted:
			hasEnded = true
			g.events <- Event{Kind: NotStarted, Err: m.reason()}
		case mLate:
			hasEnded = true
			g.events <- Event{Kind: Late}
		case mKilling:
			g.events <- Event{Kind: Killing}
		case mExited:
			hasEnded = true
			g.events <- Event{Kind: Exited, Code: int(m.numbers[0]), Why: Why(m.numbers[1]), Left: int(m.numbers[2])}
		}
	})
	_ = g.conn.Close()
	if g.tie != nil {
		_ = g.tie.Close()
	}
	awaitDeath(g.pid)
	select {
	case g.ready <- errors.New("it died"):
	default:
	}
	g.mu.Lock()
	mark := g.mark
	g.mu.Unlock()
	if mark != "" && !hasEnded { // it had an order
		g.events <- Event{Kind: Died}
		sweep(g.pid, mark)
	}
	guards.Lock() // its number may be another's at once
	defer guards.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	for {
		_, err := syscall.Wait4(g.pid, nil, 0, nil)
		if err != syscall.EINTR {
			break
		}
	}
	g.reaped = true
	delete(guards.pids, g.pid)
}

// listen calls f with each message until there are no more.
func (g *Guard) listen(f func(message)) {
	var in []byte
	chunk := make([]byte, 4<<10)
	for {
		n, err := g.conn.Read(chunk)
		in = append(in, chunk[:n]...)
		for {
			m, rest, ok, bad := cut(in)
			if bad != nil {
				g.Abort()
				return
			}
			if !ok {
				break
			}
			in = rest
			f(m)
		}
		if err != nil {
			return
		}
	}
}

// write passes on what there is to say. A frozen guard holds it up; leases do
// not queue here, the latest alone is kept.
func (g *Guard) write() {
	for {
		select {
		case <-g.kick:
		case <-g.gone:
			return
		}
		g.mu.Lock()
		out := g.out
		if g.lease != 0 {
			out = message{kind: mExtend, numbers: []int64{int64(g.lease)}}.appendTo(out)
		}
		g.out, g.lease = nil, 0
		g.mu.Unlock()
		_, _ = g.conn.Write(out) // an error: the reader has it too
	}
}
