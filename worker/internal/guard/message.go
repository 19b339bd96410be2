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
	msgOrder  kind = iota + 1 // lease, grace, margin, limit, its grace, keep, where its end is written down, number of files, number of arguments; path, directory, arguments, environment
	msgExtend                 // lease
	msgStop                   // the instant to kill at
	msgKill
	msgPing // an idle guard answers msgReady

	// From the guard.
	msgReady      // which isolation is in effect, when the guard has started
	msgRefused    // the reason; the isolation that cannot be had, if the reason is that
	msgStarted    // PID
	msgNotStarted // errno; the directory, if the error is about it
	msgLate
	msgKilling
	msgExited // exit code, why, how many other processes had to be killed, the signal that ended the command, whether the guard is idle again
)

// shapes holds, for each kind, the exact count of numbers and the least count of
// strings in a message.
var shapes = map[kind]struct{ numbers, strings int }{
	msgOrder: {9, 2}, msgExtend: {1, 0}, msgStop: {1, 0}, msgKill: {}, msgPing: {},
	msgReady: {}, msgRefused: {0, 1}, msgStarted: {1, 0}, msgNotStarted: {1, 0}, msgLate: {}, msgKilling: {}, msgExited: {5, 0},
}

// message is one message on the socket between Understudy and a guard: numbers and
// strings, and a kind that says what they mean. Both processes execute the same
// binary, except where the file was replaced by another version and the system
// cannot execute the old one again.
//
// A guard may serve one run after another. A message names its run, so that one that
// comes late does not concern the next run.
type message struct {
	kind    kind
	run     int64 // 1 for the guard's first order; 0: about no run
	numbers []int64
	strings []string
}

const maxMessage = 64 << 20 // execve accepts far less

var errMessage = errors.New("guard: garbled message")

// appendTo encodes m, preceded by its length.
func (m message) appendTo(b []byte) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0, byte(m.kind))
	b = binary.LittleEndian.AppendUint64(b, uint64(m.run))
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

// decoder splits the stream of one socket into messages.
type decoder struct {
	unread []byte // the beginning of a message that is not complete yet
}

// decode takes the next bytes of the stream, and calls handle with each message
// that they complete. After errMessage nothing more can be decoded.
func (d *decoder) decode(b []byte, handle func(message)) error {
	d.unread = append(d.unread, b...)
	for {
		m, rest, ok, err := cut(d.unread)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		d.unread = rest
		handle(m)
	}
	if len(d.unread) == 0 {
		d.unread = nil
	}
	return nil
}

// cut takes the first message off b. It is not ok while b does not hold a
// complete one. After errMessage it never will.
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
	r := bodyReader{b: body}
	m.kind = kind(r.byte())
	m.run = int64(binary.LittleEndian.Uint64(r.take(8)))
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

// valid reports whether m has the numbers and strings that its kind needs.
func (m message) valid() bool {
	shape, ok := shapes[m.kind]
	if !ok || len(m.numbers) != shape.numbers || len(m.strings) < shape.strings {
		return false
	}
	return m.kind != msgOrder || 0 <= m.numbers[8] && m.numbers[8] <= int64(len(m.strings)-2)
}

// bodyReader takes the fields off the body of a message.
type bodyReader struct {
	b   []byte
	bad bool // a field is longer than the rest of the body
}

func (r *bodyReader) take(n int) []byte {
	if n > len(r.b) {
		r.bad, r.b = true, nil
		return make([]byte, 8)
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *bodyReader) byte() byte { return r.take(1)[0] }

// count reads how many items follow, of which each takes at least size bytes.
func (r *bodyReader) count(size int) int {
	n := int(binary.LittleEndian.Uint32(r.take(4)))
	if n*size > len(r.b) {
		r.bad = true
		return 0
	}
	return n
}

// order returns the order in a valid msgOrder, without its files.
func (m message) order() Order {
	args := m.strings[2:]
	n := m.numbers[8]
	return Order{
		Path: m.strings[0], Dir: m.strings[1], Args: args[:n], Env: args[n:],
		Lease: time.Duration(m.numbers[0]), Grace: time.Duration(m.numbers[1]), Margin: time.Duration(m.numbers[2]),
		Limit: time.Duration(m.numbers[3]), LimitGrace: time.Duration(m.numbers[4]), Keep: m.numbers[5] != 0, endAt: m.numbers[6],
	}
}

// files returns how many files belong to the order in a valid msgOrder.
func (m message) files() int64 { return m.numbers[7] }

func (o Order) message() message {
	keep := int64(0)
	if o.Keep {
		keep = 1
	}
	m := message{kind: msgOrder, numbers: []int64{
		int64(o.Lease), int64(o.Grace), int64(o.Margin), int64(o.Limit), int64(o.LimitGrace), keep, o.endAt, int64(len(o.Output)), int64(len(o.Args)),
	}}
	m.strings = append(append(append(m.strings, o.Path, o.Dir), o.Args...), o.Env...)
	return m
}
