package worker

import (
	"bytes"
	"sync"
)

// The sizes of an Excerpt.
const (
	excerptHead = 16 << 10
	excerptTail = 64 << 10
)

// Excerpt keeps the beginning and the end of an output of any size, and counts its
// bytes. Its zero value is ready to use. Its methods may be called concurrently.
type Excerpt struct {
	mu   sync.Mutex
	head []byte
	tail []byte // a ring once it is full
	next int    // where the ring's oldest byte is
	size int64
}

// Write adds to the output. It never fails.
func (e *Excerpt) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := len(p)
	e.size += int64(all)
	n := min(excerptHead-len(e.head), len(p))
	e.head = append(e.head, p[:n]...)
	p = p[n:]
	p = p[max(0, len(p)-excerptTail):]
	n = min(excerptTail-len(e.tail), len(p))
	e.tail = append(e.tail, p[:n]...)
	for p = p[n:]; len(p) > 0; p = p[n:] {
		n = copy(e.tail[e.next:], p)
		e.next = (e.next + n) % excerptTail
	}
	return all, nil
}

// Head returns the first bytes of the output: 16 KiB, or all of it.
func (e *Excerpt) Head() []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return bytes.Clone(e.head)
}

// Tail returns the last bytes that are not in Head, 64 KiB at most.
func (e *Excerpt) Tail() []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append(append([]byte(nil), e.tail[e.next:]...), e.tail[:e.next]...)
}

// Size returns the number of bytes in the whole output.
func (e *Excerpt) Size() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.size
}
