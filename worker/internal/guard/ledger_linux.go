package guard

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/lastwill"
)

// ledger is what the guards know of the last will: a file in memory that Understudy and
// all of its guards share. Understudy does not have to live for it to be read, and nobody
// has it in the memory that a core dump shows. It has four parts:
//
//   - a byte for each guard, 1 from before it gets an order until nothing of the command is
//     left;
//   - the origin, as a record;
//   - a page for each run whose end is not recorded, see runs_linux.go;
//   - a record for each member, which says what that leaves behind.
type ledger struct {
	fd         int
	understudy int // a pidfd of this process
	runsAt     int64
	entriesAt  int64
	witness    witness

	mu   sync.Mutex
	used [maxSlots]bool
}

// origin is what a process needs to open the registry as Understudy did.
type origin struct {
	Args []string
	Env  []string
	Dir  string
}

// bytes returns the texts one after another, as the kernel keeps an environment: they may
// have any byte in them but NUL.
func (o origin) bytes() []byte {
	list := append([]string{o.Dir, strconv.Itoa(len(o.Args))}, o.Args...)
	return []byte(strings.Join(append(list, o.Env...), "\x00"))
}

const (
	maxSlots   = 4096
	recordHead = 8   // length and checksum
	recordSize = 512 // of a member's record, so that it is never in two pages
	maxOrigin  = 4 << 20
)

// present is the ledger of this process; nil: its guards carry out no last will. guards
// must be locked for it.
var present *ledger

// Bequeath has the guards carry out the last will of this process. It is called once, and
// before a guard is started: the others would not know of the command of that one.
func Bequeath() error {
	guards.Lock()
	defer guards.Unlock()
	switch {
	case present != nil:
		return errors.New("guard: last will: this process has one already")
	case guards.started:
		return errors.New("guard: last will: a guard was started before, so it would come too late")
	}
	l, err := newLedger()
	if err != nil {
		return fmt.Errorf("guard: last will: %w", err)
	}
	present = l
	lastwill.KeepWith(l.keep)
	lastwill.KeepRunsWith(l.keepRun)
	return nil
}

func newLedger() (*ledger, error) {
	understudy, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return nil, fmt.Errorf("pidfd: %w", err)
	}
	fd, err := memfd()
	if err != nil {
		_ = unix.Close(understudy)
		return nil, fmt.Errorf("memfd: %w", err)
	}
	l := &ledger{fd: fd, understudy: understudy}
	dir, _ := os.Getwd()
	data := origin{Args: os.Args, Env: os.Environ(), Dir: dir}.bytes()
	if len(data) > maxOrigin {
		err = fmt.Errorf("the arguments and the environment have more than %d bytes", maxOrigin)
	} else {
		err = l.write(append(make([]byte, maxSlots), record(data)...), 0)
	}
	if err != nil {
		_ = unix.Close(understudy)
		_ = unix.Close(fd)
		return nil, err
	}
	l.runsAt, l.entriesAt = runsAt(len(data)), entriesAt(len(data))
	return l, nil
}

// ledgerName begins what /proc/PID/fd shows for a ledger.
const ledgerName = "/memfd:ledger"

// memfd makes a file in memory. No process can execute it, which some systems demand.
func memfd() (int, error) {
	const name = "ledger" // as in ledgerName
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.3
		fd, err = unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	}
	return fd, err
}

// entriesAt returns where the members' records begin, after an origin of n bytes.
func entriesAt(n int) int64 { return runsAt(n) + maxOpenRuns*runPage }

// record adds what tells whether a record is complete.
func record(data []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(data)))
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(data))
	return append(b, data...)
}

// unrecord returns what is in a record, or nil if it is not complete.
func unrecord(b []byte) []byte {
	if len(b) < recordHead {
		return nil
	}
	n := binary.LittleEndian.Uint32(b)
	if n == 0 || uint64(n) > uint64(len(b)-recordHead) {
		return nil
	}
	data := b[recordHead : recordHead+int(n)]
	if crc32.ChecksumIEEE(data) != binary.LittleEndian.Uint32(b[4:]) {
		return nil
	}
	return data
}

// write writes to the file, or else empties it: then there is no last will, but none that
// is wrong either.
func (l *ledger) write(b []byte, at int64) error {
	n, err := unix.Pwrite(l.fd, b, at)
	if err == nil && n == len(b) {
		return nil
	}
	_ = unix.Ftruncate(l.fd, 0)
	return errors.Join(io.ErrShortWrite, err)
}

// keep writes down what a member leaves behind. After an error nothing is written down.
func (l *ledger) keep(number int, e *lastwill.Entry) error {
	block := make([]byte, recordSize)
	var failed error
	if e != nil {
		data, err := json.Marshal(e)
		if err == nil && len(data) > recordSize-recordHead {
			err = fmt.Errorf("%d bytes for the group %q are too many: want %d or less", len(data), e.Group, recordSize-recordHead)
		}
		if failed = err; err == nil {
			copy(block, record(data))
		}
	}
	failed = errors.Join(failed, l.write(block, l.entriesAt+int64(number)*recordSize))
	if e != nil {
		l.witness.need(number)
	} else {
		l.witness.done(number)
	}
	return failed
}

// slot is a guard's place in the ledger. The zero value is that of a guard that knows
// nothing of a last will.
type slot struct {
	ledger *ledger
	number int
}

// takeSlot returns a place for a guard that is about to start. guards must be locked.
func takeSlot() slot {
	if present == nil {
		return slot{}
	}
	return present.takeSlot()
}

func (l *ledger) takeSlot() slot {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := range l.used {
		if !l.used[n] {
			l.used[n] = true
			return slot{l, n}
		}
	}
	_ = unix.Ftruncate(l.fd, 0) // the other guards would not know of the command of this one
	return slot{}
}

// fds are the descriptors that the guard gets: ledgerFD and understudyFD.
func (s slot) fds() []int {
	if s.ledger == nil {
		return nil
	}
	return []int{s.ledger.fd, s.ledger.understudy}
}

// environ is what the guard finds in its environment.
func (s slot) environ() []string {
	if s.ledger == nil {
		return nil
	}
	return []string{fmt.Sprintf("%s=%d", envSlot, s.number)}
}

// occupy says that the guard gets an order. From then on there may be a command.
func (s slot) occupy() {
	if s.ledger != nil {
		_ = s.ledger.write([]byte{1}, int64(s.number))
	}
}

// leave says that the guard is dead, and whether it died in a run. What is left of that has
// been killed then. But if this process is no subreaper, the kernel did not say that
// nothing is left (ECHILD), so the mark stays, and there is no last will any more. guards
// must be locked.
func (s slot) leave(inRun bool) {
	if !inRun || subreaper {
		s.release()
	}
}

// release says that the guard is dead and nothing of its command is left.
func (s slot) release() {
	if s.ledger == nil {
		return
	}
	_ = s.ledger.write([]byte{0}, int64(s.number))
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	s.ledger.used[s.number] = false
}

// anyTree reports whether something of a command may be left. A ledger that cannot be read
// says so, too.
func anyTree(fd int) bool {
	slots, err := readAt(fd, 0, maxSlots)
	return err != nil || len(slots) < maxSlots || bytes.ContainsFunc(slots, func(r rune) bool { return r != 0 })
}

// readEntries returns what the members leave behind. It does not read the origin.
func readEntries(fd int) (list []lastwill.Entry) {
	var stat unix.Stat_t
	head, err := readAt(fd, maxSlots, recordHead)
	if err != nil || len(head) < recordHead || unix.Fstat(fd, &stat) != nil {
		return nil
	}
	n := binary.LittleEndian.Uint32(head)
	if n == 0 || n > maxOrigin {
		return nil
	}
	for at := entriesAt(int(n)); at < stat.Size; at += recordSize {
		block, err := readAt(fd, at, recordSize)
		if err != nil {
			return nil
		}
		var e lastwill.Entry
		if data := unrecord(block); data != nil && json.Unmarshal(data, &e) == nil {
			list = append(list, e)
		}
	}
	return list
}

// readOrigin reads what may have secrets in it.
func readOrigin(fd int) (o origin, err error) {
	b, err := readAt(fd, maxSlots, recordHead+maxOrigin)
	if err != nil {
		return o, err
	}
	data := unrecord(b)
	if data == nil {
		return o, errors.New("the ledger is void")
	}
	list := strings.Split(string(data), "\x00")
	if len(list) < 2 {
		return o, errors.New("the ledger is garbled")
	}
	n, err := strconv.Atoi(list[1])
	if err != nil || n < 0 || n > len(list)-2 {
		return o, errors.New("the ledger is garbled")
	}
	return origin{Dir: list[0], Args: list[2 : 2+n], Env: list[2+n:]}, nil
}

// readAt reads up to n bytes.
func readAt(fd int, at int64, n int) ([]byte, error) {
	b := make([]byte, n)
	n, err := unix.Pread(fd, b, at)
	return b[:max(n, 0)], err
}

// ready is called when the guard is ready.
func (s slot) ready(g *Guard) {
	if s.ledger != nil {
		s.ledger.witness.relieve(g)
	}
}

// lastGuardGone is called when the guard was the last one of this process, without a lock.
func (s slot) lastGuardGone() {
	if s.ledger != nil {
		s.ledger.witness.lastGuardGone()
	}
}
