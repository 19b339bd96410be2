package guard

import (
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// adopt makes this process a subreaper for the length of a test, as
// BecomeSubreaper does for the length of its life.
func adopt(t *testing.T) {
	t.Helper()
	thread, err := openChildren("self/task/" + strconv.Itoa(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	set := func(is bool, c children, arg uintptr) {
		guards.Lock()
		defer guards.Unlock()
		subreaper, adopted = is, c
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, arg, 0, 0, 0); err != nil {
			t.Fatal(err)
		}
	}
	set(true, thread, 1)
	t.Cleanup(func() { set(false, children{}, 0); _ = unix.Close(thread.fd) })
}

// orphans are the children of this process that adopt brought.
func orphans() (list []int) {
	guards.Lock()
	defer guards.Unlock()
	adopted.each(func(pid int) {
		if isOrphan(pid) {
			list = append(list, pid)
		}
	})
	return list
}

// Those that multiply faster than /proc is looked at must not have to wait for it.
func TestOrphansAreKilledAndBuriedBeforeALookAtProc(t *testing.T) {
	adopt(t)
	for range 3 {
		if err := exec.Command("setsid", "-f", "sleep", "1000").Run(); err != nil {
			t.Skip("no setsid here:", err)
		}
	}
	for end := time.Now().Add(30 * time.Second); len(orphans()) < 3; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("orphans %v, want three", orphans())
		}
	}
	feed := starve(t) // no look is possible
	found, _ := sweepOnce(-1, "")
	for end := time.Now().Add(30 * time.Second); len(orphans()) > 0 && time.Now().Before(end); {
		sweepOnce(-1, "")
	}
	left := orphans()
	feed()
	if !found || len(left) > 0 {
		t.Errorf("found any: %v; left: %v", found, left)
	}
}

// Where there are no pidfds it is better to spare one too many.
func TestEarlierChildWithoutAPidfdIsSpared(t *testing.T) {
	adopt(t)
	pid := forkOrphan(t)
	guards.Lock()
	defer guards.Unlock()
	earlier = map[int]int{pid: -1}
	defer func() { earlier = nil }()
	if !isEarlier(pid) || isOrphan(pid) {
		t.Error("an earlier child passes for an orphan")
	}
	bury(pid, nil)
}

// A number says nothing of who has it.
func TestEarlierChildIsKnownUntilItIsBuried(t *testing.T) {
	adopt(t)
	pid := forkOrphan(t)
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Skip("no pidfds here:", err)
	}
	guards.Lock()
	defer guards.Unlock()
	earlier = map[int]int{pid: fd}
	defer func() { earlier = nil }()
	if !isEarlier(pid) || isOrphan(pid) {
		t.Error("an earlier child that is dead and not buried passes for an orphan")
	}
	if list, err := handles(); err != nil || list[pid] {
		t.Errorf("nobody waits for an earlier child, but by our own pidfd: %v, %v", list, err)
	}
	if !bury(pid, nil) {
		t.Fatal("it can't be buried")
	}
	if isEarlier(pid) {
		t.Error("whoever has the number now passes for the earlier child")
	}
}

func TestChildThatProcHidesIsAmongTheFamily(t *testing.T) {
	pid := forkOrphan(t)
	defer bury(pid, nil)
	all := map[int]process{1: {pid: 1, comm: "init"}}
	addHidden(all, 1, 0)
	addHidden(all, pid, os.Getpid())
	if all[1].comm != "init" {
		t.Errorf("what /proc shows was replaced by %+v", all[1])
	}
	if p := all[pid]; p.ppid != os.Getpid() || !p.dead() || p.comm == "" {
		t.Errorf("%+v, want a dead child of ours", p)
	}
}

func TestThreadsInReserveStay(t *testing.T) {
	const n = 24
	reserveThreads(n)
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) < n {
		t.Errorf("%d threads, want %d at least", len(entries), n)
	}
}
