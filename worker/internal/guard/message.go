package guard

import (
	"encoding/binary"
	"errors"
	"time"
)

// kind is the first byte of a message.
type kind byte

const (
	// To the guard.
	mOrder  kind = iota + 1 // lease, grace, margin, number of arguments; path, directory, arguments, environment
	mExtend                 // lease
	mStop                   // the instant to kill at
	mKill

	// From the guard.
	mReady
	mRefused    // reason
	mStarted    // pid
	mNotStarted // errno; the directory, if that is what is wrong
	mLate
	mKilling
	mExited // code, why, how many others had to be killed
)

// shapes say what messages have: this many numbers, and at least this many
// strings.
var shapes = map[kind]struct{ numbers, strings int }{
	mOrder: {4, 2}, mExtend: {1, 0}, mStop: {1, 0}, mKill: {},
	mReady: {}, mRefused: {0, 1}, mStarted: {1, 0}, mNotStarted: {1, 0}, mLate: {}, mKilling: {}, mExited: {3, 0},
}

// message is what the two processes tell each other: some numbers, some
// strings, and a kind that says what they mean. Both ends are the same binary,
// but where that was replaced by another version and there is no way to execute
// the old one again.
type message struct {
	kind    kind
	numbers []int64
	strings []string
}

const maxMessage = 64 << 20 // far above what execve accepts

var errMessage = errors.New("guard: garbled message")

// appendTo encodes m, preceded by its length.
func (m message) appendTo(b []byte) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0, byte(m.kind))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(m.numbers)))
	for _, n := range m.numbers {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(m.strings)))
	for _, s := range m.strings {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	binary.LittleEndian.PutUint32(b[start:], uint32(len(b)-start-4))
	return b
}

// cut takes the first message off b. It is not ok while b does not hold a
// whole one; errMessage says that it never will.
func cut(b []byte) (m message, rest []byte, ok bool, err error) {
	if len(b) < 4 {
		return m, b, false, nil
	}
	size := binary.LittleEndian.Uint32(b)
	if size > maxMessage {
		return m, b, false, errMessage
	}
	if uint32(len(b)-4) < size {
		return m, b, false, nil
	}
	body, rest := b[4:4+size], b[4+size:]
	r := reader{b: body}
	m.kind = kind(r.byte())
	for n := r.count(8); n > 0; n-- {
		m.numbers = append(m.numbers, int64(binary.LittleEndian.Uint64(r.take(8))))
	}
	for n := r.count(4); n > 0 && !r.bad; n-- {
		m.strings = append(m.strings, string(r.take(r.count(1))))
	}
	if r.bad || len(r.b) > 0 || !m.valid() {
		return message{}, rest, false, errMessage
	}
	return m, rest, true, nil
}

// valid reports whether m has what its kind promises.
func (m message) valid() bool {
	shape, known := shapes[m.kind]
	if !known || len(m.numbers) != shape.numbers || len(m.strings) < shape.strings {
		return false
	}
	return m.kind != mOrder || 0 <= m.numbers[3] && m.numbers[3] <= int64(len(m.strings)-2)
}

// reader takes fields off a message's body.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.bad, r.b = true, nil
		return make([]byte, 8)
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) byte() byte { return r.take(1)[0] }

// count reads a number of items that take at least size bytes each.
func (r *reader) count(size int) int {
	n := int(binary.LittleEndian.Uint32(r.take(4)))
	if n*size > len(r.b) {
		r.bad = true
		return 0
	}
	return n
}

// order is what a valid mOrder asks for.
func (m message) order() Order {
	args := m.strings[2:]
	n := m.numbers[3]
	return Order{
		Path: m.strings[0], Dir: m.strings[1], Args: args[:n], Env: args[n:],
		Lease: time.Duration(m.numbers[0]), Grace: time.Duration(m.numbers[1]), Margin: time.Duration(m.numbers[2]),
	}
}

func (o Order) message() message {
	m := message{kind: mOrder, numbers: []int64{int64(o.Lease), int64(o.Grace), int64(o.Margin), int64(len(o.Args))}}
	m.strings = append(append(append(m.strings, o.Path, o.Dir), o.Args...), o.Env...)
	return m
}
