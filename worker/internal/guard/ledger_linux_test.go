package guard

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/lastwill"
	"github.com/understudy-go/understudy/registry"
)

func testLedger(t *testing.T) *ledger {
	t.Helper()
	l, err := newLedger()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = unix.Close(l.fd), unix.Close(l.understudy) })
	// No member of this process is in it, so no witness is needed.
	l.witness.running = true
	return l
}

func keep(t *testing.T, l *ledger, number int, e *lastwill.Entry) {
	t.Helper()
	if err := l.keep(number, e); err != nil {
		t.Fatal(err)
	}
}

func TestLedger_SaysWhichMembersLeaveSomethingBehind(t *testing.T) {
	t.Setenv("UNDERSTUDY_TEST_SECRET", "of the origin \xff\n=")
	l := testLedger(t)
	entry := func(group string) *lastwill.Entry {
		return &lastwill.Entry{Group: group, Instance: uuid.New(), Term: 1 << 60, OrphanAfter: time.Minute}
	}
	a, b := entry("a"), entry("b")
	keep(t, l, 0, entry("a"))
	keep(t, l, 2, b)
	keep(t, l, 0, a)
	keep(t, l, 1, entry("c"))
	keep(t, l, 1, nil)
	if got := readEntries(l.fd); !slices.Equal(got, []lastwill.Entry{*a, *b}) {
		t.Errorf("entries %+v, want %+v and %+v", got, *a, *b)
	}
	from, err := readOrigin(l.fd)
	dir, _ := os.Getwd()
	if err != nil || from.Dir != dir || !slices.Equal(from.Args, os.Args) || !slices.Contains(from.Env, "UNDERSTUDY_TEST_SECRET=of the origin \xff\n=") {
		t.Errorf("origin %+v, %v", from, err)
	}
}

// spoil changes a byte of a ledger.
func spoil(t *testing.T, l *ledger, at int64) {
	t.Helper()
	b, err := readAt(l.fd, at, 1)
	if err != nil || len(b) != 1 {
		t.Fatalf("%v, %v", b, err)
	}
	if _, err := unix.Pwrite(l.fd, []byte{^b[0]}, at); err != nil {
		t.Fatal(err)
	}
}

// Understudy may be killed while it writes.
func TestLedger_IncompleteRecordIsNone(t *testing.T) {
	l := testLedger(t)
	e := &lastwill.Entry{Group: "a", Instance: uuid.New(), Term: 12}
	for at := range int64(recordHead + 80) {
		keep(t, l, 0, e)
		spoil(t, l, l.entriesAt+at)
		if got := readEntries(l.fd); len(got) > 0 {
			t.Fatalf("with another byte at %d it has the entry %+v", at, got)
		}
	}
	spoil(t, l, maxSlots+recordHead+3)
	if _, err := readOrigin(l.fd); err == nil {
		t.Error("an origin that is not complete was read")
	}
}

func TestLedger_SlotIsOccupiedFromTheOrderOn(t *testing.T) {
	l := testLedger(t)
	a, b := l.takeSlot(), l.takeSlot()
	if a.number == b.number || anyTree(l.fd) {
		t.Fatalf("slots %d and %d; occupied: %v", a.number, b.number, anyTree(l.fd))
	}
	a.occupy()
	b.occupy()
	a.release()
	if !anyTree(l.fd) {
		t.Error("the other slot is occupied no more")
	}
	(&will{ledger: l.fd, slot: int64(b.number)}).treeGone()
	if anyTree(l.fd) {
		t.Error("a slot is occupied although its guard has nothing left")
	}
	if again := l.takeSlot(); again.number != a.number {
		t.Errorf("slot %d, want the free one, %d", again.number, a.number)
	}
}

func TestLedger_IsVoidOnceItDoesNotKnowAGuard(t *testing.T) {
	l := testLedger(t)
	for range maxSlots {
		if s := l.takeSlot(); s.ledger == nil {
			t.Fatal("no room")
		}
	}
	keep(t, l, 0, &lastwill.Entry{Group: "a", Instance: uuid.New()})
	s := l.takeSlot()
	s.occupy() // does nothing
	keep(t, l, 0, &lastwill.Entry{Group: "a", Instance: uuid.New()})
	if s.ledger != nil || len(readEntries(l.fd)) > 0 {
		t.Errorf("it has a slot (%v) and entries %v", s.ledger != nil, readEntries(l.fd))
	}
	if _, err := readOrigin(l.fd); err == nil {
		t.Error("it has an origin")
	}
}

func TestLedger_HasRoomForEachGroup(t *testing.T) {
	l := testLedger(t)
	longest := strings.Repeat("@", 100)
	if err := registry.CheckGroup(longest + "@"); err == nil {
		t.Error("a group may have a longer name")
	}
	e := &lastwill.Entry{Group: longest, Instance: uuid.New(), Term: math.MaxInt64, OrphanAfter: math.MaxInt64}
	keep(t, l, 0, e)
	if got := readEntries(l.fd); !slices.Equal(got, []lastwill.Entry{*e}) {
		t.Errorf("entries %+v, want %+v", got, *e)
	}
	err := l.keep(0, &lastwill.Entry{Group: strings.Repeat(longest, 5), Instance: uuid.New()})
	if err == nil || !strings.Contains(err.Error(), "too many") || len(readEntries(l.fd)) > 0 {
		t.Errorf("%v, and entries %+v, want an error and none", err, readEntries(l.fd))
	}
}

// A host that is no subreaper does not become the parent of what its dead guards left.
func TestLedger_MarkStaysUnlessTheKernelSaysThatNothingIsLeft(t *testing.T) {
	l := testLedger(t)
	guards.Lock()
	defer guards.Unlock()
	defer func(before bool) { subreaper = before }(subreaper)
	for _, test := range []struct{ subreaper, inRun, stays bool }{
		{true, true, false}, {true, false, false}, {false, false, false}, {false, true, true},
	} {
		subreaper = test.subreaper
		s := l.takeSlot()
		s.occupy()
		s.leave(test.inRun)
		if anyTree(l.fd) != test.stays {
			t.Errorf("%+v: the mark is there: %v", test, anyTree(l.fd))
		}
	}
	if s := l.takeSlot(); s.number == 0 {
		t.Error("another guard got the place")
	}
}

func testRun(job string) *lastwill.Run {
	return &lastwill.Run{Group: "g", Instance: uuid.New(), Term: 7, Rules: json.RawMessage(strconv.Quote(job)), Command: json.RawMessage(`"c"`)}
}

func keepRun(t *testing.T, l *ledger, number int, r *lastwill.Run) {
	t.Helper()
	if err := l.keepRun(number, r); err != nil {
		t.Fatal(err)
	}
}

func TestLedger_SaysWhichRunsAreNotRecordedAndHowTheyEnded(t *testing.T) {
	l := testLedger(t)
	s := l.takeSlot()
	w := &will{ledger: l.fd, slot: int64(s.number)}
	member := &lastwill.Entry{Group: "g", Instance: uuid.New(), Term: 7}
	keep(t, l, 0, member)
	first, second, last := testRun("first"), testRun("second"), testRun("last")
	keepRun(t, l, 0, testRun("recorded"))
	keepRun(t, l, 1, first)
	keepRun(t, l, 2, second)
	keepRun(t, l, maxOpenRuns-1, last)
	end := lastwill.RunEnd{How: lastwill.Itself, Code: 3, Signal: -1, Left: 1 << 40, At: math.MaxInt64}
	w.runEnded(s.endOf(1), end)
	keepRun(t, l, 0, nil)
	w.runEnded(s.endOf(2), end)
	first.Rules = json.RawMessage(`"new rules"`)
	keepRun(t, l, 1, first) // its end stays
	first.End = &end
	want := []lastwill.Run{*first, *second, *last}
	if got := readRuns(l.fd); !reflect.DeepEqual(got, want) {
		t.Errorf("runs %+v, want %+v", got, want)
	}
	if got := readEntries(l.fd); !slices.Equal(got, []lastwill.Entry{*member}) {
		t.Errorf("entries %+v, want %+v", got, *member)
	}
	keepRun(t, l, 1, nil)
	keepRun(t, l, 1, second) // has nothing of the run before
	if got := readRuns(l.fd); len(got) != 3 || got[0].End != nil {
		t.Errorf("runs %+v, want none that has ended", got)
	}
	if from, err := readOrigin(l.fd); err != nil || len(from.Args) == 0 {
		t.Errorf("origin %+v, %v", from, err)
	}
}

// The guard or Understudy may be killed while it writes.
func TestLedger_IncompleteRunOrEndIsNone(t *testing.T) {
	l := testLedger(t)
	s := l.takeSlot()
	end := lastwill.RunEnd{How: lastwill.Itself, Code: 3}
	for at := range int64(recordHead + 8*endNumbers) {
		keepRun(t, l, 0, nil)
		keepRun(t, l, 0, testRun("a"))
		(&will{ledger: l.fd}).runEnded(s.endOf(1), end)
		spoil(t, l, s.endOf(1)+at)
		if got := readRuns(l.fd); len(got) != 1 || got[0].End != nil {
			t.Fatalf("with another byte at %d of the end: %+v, want one run without an end", at, got)
		}
		spoil(t, l, l.runsAt+at)
		if got := readRuns(l.fd); len(got) > 0 {
			t.Fatalf("with another byte at %d: %+v", at, got)
		}
	}
}

func TestLedger_RefusesARunThatDoesNotFit(t *testing.T) {
	l := testLedger(t)
	keepRun(t, l, 0, testRun("a"))
	err := l.keepRun(0, testRun(strings.Repeat("a", runPage)))
	if err == nil || !strings.Contains(err.Error(), "room for") || len(readRuns(l.fd)) > 0 {
		t.Errorf("%v, and runs %+v, want an error and none", err, readRuns(l.fd))
	}
	if err := l.keepRun(maxOpenRuns, testRun("a")); err == nil || !strings.Contains(err.Error(), "2048 runs") {
		t.Errorf("one run too many: %v", err)
	}
	if err := l.keepRun(maxOpenRuns, nil); err != nil {
		t.Error(err)
	}
	for _, run := range []int{-1, 0, maxOpenRuns + 1} {
		if at := l.takeSlot().endOf(run); at != 0 {
			t.Errorf("the end of run %d is at %d, want nowhere", run, at)
		}
	}
	(&will{ledger: l.fd}).runEnded(0, lastwill.RunEnd{How: lastwill.Itself})
	(*will)(nil).runEnded(1, lastwill.RunEnd{})
	if from, err := readOrigin(l.fd); err != nil || len(from.Args) == 0 || len(readRuns(l.fd)) > 0 {
		t.Errorf("origin %+v, %v, runs %+v", from, err, readRuns(l.fd))
	}
}
