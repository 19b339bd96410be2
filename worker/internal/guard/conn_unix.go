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
	err := receive(g.conn, func(m message) {
		switch m.kind {
		case msgReady:
			if len(m.strings) > 0 && g.isolation == "" {
				g.isolation = m.strings[0]
			}
			g.answer(nil)
			return
		case msgRefused:
			g.answer(m.refusal())
			return
		}
		if !g.concerns(m) {
			g.Abort()
			return
		}
		switch m.kind {
		case msgStarted:
			g.events <- Event{Kind: Started, PID: int(m.numbers[0])}
		case msgNotStarted:
			g.events <- Event{Kind: NotStarted, Err: m.reason()}
		case msgLate:
			g.events <- Event{Kind: Late}
		case msgKilling:
			g.events <- Event{Kind: Killing}
		case msgExited:
			g.events <- Event{Kind: Exited, Code: int(m.numbers[0]), Why: Why(m.numbers[1]), Left: int(m.numbers[2]),
				Signal: int(m.numbers[3]), Kept: m.numbers[4] != 0}
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
	g.answer(errors.New("it died"))
	g.mu.Lock()
	mark, has := g.mark, g.run > 0 && !g.over
	g.mu.Unlock()
	if has {
		g.events <- Event{Kind: Died}
	}
	g.endIsolation()
	if has {
		killLeftovers(g.pid, mark)
	}
	if g.reap(has) == 0 {
		g.slot.lastGuardGone()
	}
}

// reap reaps the guard, which has died in a run or not, and returns how many others there
// are.
func (g *Guard) reap(inRun bool) (others int) {
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
	g.slot.leave(inRun)
	delete(guards.pids, g.pid)
	guardCount.Store(int64(len(guards.pids)))
	return len(guards.pids)
}

// refusal returns the error in a msgRefused.
func (m message) refusal() error {
	if len(m.strings) > 1 {
		return isolationError{m.strings[0]}
	}
	return errors.New(m.strings[0])
}

// answer wakes whoever waits for the guard to be ready.
func (g *Guard) answer(err error) {
	select {
	case g.ready <- err:
	default:
	}
}

// concerns reports whether a message is about the run that goes on, and notes its end.
func (g *Guard) concerns(m message) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.run == 0 || m.run != g.run || g.over {
		return false
	}
	g.over = m.kind == msgNotStarted || m.kind == msgLate || m.kind == msgExited
	return true
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
		if g.lease != 0 {
			g.queue(message{kind: msgExtend, numbers: []int64{int64(g.lease)}})
		}
		out, files := g.out, g.files
		g.out, g.files, g.lease = nil, nil, 0
		g.mu.Unlock()
		_ = writeWith(g.conn, out, files) // the reader sees the same error
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
