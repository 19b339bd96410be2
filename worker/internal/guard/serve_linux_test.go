package guard

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
)

// keptGuard returns a guard that has served a run, and waits for another order.
func keptGuard(t *testing.T) *Guard {
	t.Helper()
	for range 20 { // on a machine that stalls, a run may look unusual
		g, err := Start(t.Context(), ToStderr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			g.Abort()
			for range g.Events() {
			}
		})
		g.Run(testOrder("exit 0"))
		for event := range g.Events() {
			if event.Kept {
				return g
			}
		}
	}
	t.Fatal("no guard serves another run")
	return nil
}

// testOrder describes a run of a shell under a lease of an hour.
func testOrder(script string) Order {
	return Order{
		Path: "/bin/sh", Args: []string{"sh", "-c", script}, Env: os.Environ(), Mark: "UNDERSTUDY_TEST_MARK=serve",
		Lease: boottime.Now() + time.Hour, Grace: 10 * time.Second, Margin: time.Second, Keep: true,
	}
}

// next returns the guard's next event.
func next(t *testing.T, g *Guard) Event {
	t.Helper()
	select {
	case event := <-g.Events():
		return event
	case <-time.After(time.Minute):
		t.Fatal("the guard reports nothing")
		return Event{}
	}
}

// late are messages about the first run.
func late() []message {
	order := testOrder("exit 99").message()
	order.run = 1
	now := int64(boottime.Now())
	return []message{
		{kind: msgStop, run: 1, numbers: []int64{now}}, {kind: msgKill, run: 1},
		{kind: msgExtend, run: 1, numbers: []int64{now + int64(2*time.Hour)}}, order,
	}
}

// inject sends messages as they are.
func inject(g *Guard, list []message) {
	g.mu.Lock()
	for _, m := range list {
		g.out = m.appendTo(g.out)
	}
	g.mu.Unlock()
	g.wakeWriter()
}

func TestGuard_LateMessagesDoNotHitTheNextRun(t *testing.T) {
	t.Run("during it", func(t *testing.T) {
		g := keptGuard(t)
		g.Run(testOrder("sleep 0.5; exit 7"))
		if event := next(t, g); event.Kind != Started {
			t.Fatalf("%+v, want that it started", event)
		}
		inject(g, late())
		wantExit(t, g, 7)
	})
	t.Run("while the guard was frozen and idle", func(t *testing.T) {
		g := keptGuard(t)
		if err := unix.Kill(g.PID(), unix.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		inject(g, late())
		g.Run(testOrder("sleep 0.5; exit 7"))
		_ = unix.Kill(g.PID(), unix.SIGCONT)
		if event := next(t, g); event.Kind != Started {
			t.Fatalf("%+v, want that it started", event)
		}
		wantExit(t, g, 7)
	})
}

// wantExit fails the test unless a run ends with an exit code by itself.
func wantExit(t *testing.T, g *Guard, code int) {
	t.Helper()
	event := next(t, g)
	for event.Kind == Killing {
		event = next(t, g)
	}
	if event.Kind != Exited || event.Why != Itself || event.Code != code {
		t.Errorf("%+v, want exit code %d", event, code)
	}
}

// The lease of the run before is later than that of the next one, which counts.
func TestGuard_NextRunHasTheLeaseOfItsOwnOrder(t *testing.T) {
	g := keptGuard(t)
	o := testOrder("sleep 1000")
	o.Lease = boottime.Now() + o.Grace
	g.Run(o)
	if event := next(t, g); event.Kind != Late {
		t.Errorf("%+v, want that it was too late", event)
	}
}

// The timer of the run before is disarmed: nothing kills an idle guard at its lease's end.
func TestGuard_OutlivesTheLeaseOfTheRunBefore(t *testing.T) {
	for range 20 { // on a machine that stalls the run may be too late, or look unusual
		g, err := Start(t.Context(), ToStderr)
		if err != nil {
			t.Fatal(err)
		}
		o := testOrder("exit 0")
		o.Grace, o.Margin, o.Lease = 500*time.Millisecond, 250*time.Millisecond, boottime.Now()+1500*time.Millisecond
		g.Run(o)
		kept := false
		for event := range g.Events() {
			if kept = event.Kept; kept {
				break
			}
		}
		if !kept {
			continue
		}
		for boottime.Now() < o.Lease+100*time.Millisecond {
			time.Sleep(10 * time.Millisecond)
		}
		if err := g.Ping(t.Context()); err != nil {
			t.Errorf("it is gone: %v", err)
		}
		g.Abort()
		for range g.Events() {
		}
		return
	}
	t.Fatal("no guard serves another run")
}

func TestGuard_GarbledMessageEndsAnIdleGuard(t *testing.T) {
	g := keptGuard(t)
	g.mu.Lock()
	g.out = append(g.out, 1, 0, 0, 0, 99)
	g.mu.Unlock()
	g.wakeWriter()
	select {
	case event, ok := <-g.Events():
		if ok {
			t.Errorf("%+v, want the guard's end and no event", event)
		}
	case <-time.After(time.Minute):
		t.Error("the guard is still there")
	}
}

// A guard that reports something about another run cannot be relied on.
func TestGuard_ReportAboutAnotherRunDoesNotConcernThisOne(t *testing.T) {
	g := &Guard{}
	for _, tt := range []struct {
		run  int64
		over bool
		m    message
		want bool
	}{
		{0, false, message{kind: msgStarted, run: 0}, false},
		{2, false, message{kind: msgExited, run: 1}, false},
		{2, true, message{kind: msgKilling, run: 2}, false},
		{2, false, message{kind: msgExited, run: 2}, true},
	} {
		g.run, g.over = tt.run, tt.over
		if got := g.concerns(tt.m); got != tt.want || got && !g.over {
			t.Errorf("run %d, over %v, message of run %d: %v, want %v", tt.run, tt.over, tt.m.run, got, tt.want)
		}
	}
}

// Whoever is there before the command would be taken for one of its processes.
func TestServer_StartsNothingWhileAChildIsLeft(t *testing.T) {
	var s server
	m := testOrder("exit 0").message()
	if !s.mayStart(m) {
		t.Fatal("it may not start although it has no child")
	}
	pid, err := syscall.ForkExec("/bin/sh", []string{"sh", "-c", "exit 0"}, &syscall.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	living := s.mayStart(m)
	awaitDeath(pid)
	dead := s.mayStart(m)
	reapChild(pid, nil)
	if living || dead {
		t.Errorf("it may start with a living child: %v, with a dead one: %v", living, dead)
	}
	s.files = []int{5}
	if s.mayStart(m) {
		t.Error("it may start with a file that the order does not name")
	}
}

// The init of a container takes a guard that was killed for a failure.
func TestGuard_DismissedExitsByItself(t *testing.T) {
	g := keptGuard(t)
	guards.Lock() // the reader cannot reap it meanwhile
	g.Dismiss()
	awaitDeath(g.PID())
	stat, err := readProc(g.PID(), "stat")
	guards.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	if fields := strings.Fields(string(stat)); fields[len(fields)-1] != "0" {
		t.Errorf("exit status %s, want 0", fields[len(fields)-1])
	}
	for event := range g.Events() {
		t.Errorf("%+v, want no event", event)
	}
	if g.Idle() {
		t.Error("it counts as idle")
	}
}

func TestGuard_ServesALimitedNumberOfRuns(t *testing.T) {
	g := &Guard{run: maxRuns - 1, over: true}
	if !g.Idle() {
		t.Errorf("not idle after %d runs", g.run)
	}
	if g.run++; g.Idle() {
		t.Errorf("idle after %d runs", g.run)
	}
}
