//go:build unix

package guard

import (
	"errors"
	"io"
	"syscall"
)

// read turns the guard's messages into events until the socket ends. Then it waits
// for the guard's death, kills what the guard may have left of its command, and reaps
// the guard last: until then no other process can get its PID, by which
// killLeftovers recognises processes.
func (g *Guard) read() {
	defer close(g.events)
	defer close(g.gone)
	hasEnded := false
	err := receive(g.conn, func(m message) {
		switch m.kind {
		case msgReady:
			g.ready <- nil
		case msgRefused:
			g.ready <- errors.New(m.strings[0])
		case msgStarted:
			g.events <- Event{Kind: Started, PID: int(m.numbers[0])}
		case msgNotStarted:
			hasEnded = true
			g.events <- Event{Kind: NotStarted, Err: m.reason()}
		case msgLate:
			hasEnded = true
			g.events <- Event{Kind: Late}
		case msgKilling:
			g.events <- Event{Kind: Killing}
		case msgExited:
			hasEnded = true
			g.events <- Event{Kind: Exited, Code: int(m.numbers[0]), Why: Why(m.numbers[1]), Left: int(m.numbers[2])}
		}
	})
	if err != nil {
		g.Abort()
	}
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
		killLeftovers(g.pid, mark)
	}
	guards.Lock() // once the guard is reaped, another process may get its PID
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

// write writes the messages to the guard. A frozen guard blocks it. Leases do not
// queue meanwhile: only the latest is kept.
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
			out = message{kind: msgExtend, numbers: []int64{int64(g.lease)}}.appendTo(out)
		}
		g.out, g.lease = nil, 0
		g.mu.Unlock()
		_, _ = g.conn.Write(out) // the reader sees the same error
	}
}

// receive reads from conn until it ends, and calls handle with each message.
func receive(conn io.Reader, handle func(message)) error {
	var d decoder
	chunk := make([]byte, 4<<10)
	for {
		n, end := conn.Read(chunk)
		if err := d.decode(chunk[:n], handle); err != nil {
			return err
		}
		if end != nil {
			return nil
		}
	}
}
