package guard

import (
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// adoptOrphans makes this process a subreaper until the test ends, as
// BecomeSubreaper does until the process ends.
func adoptOrphans(t *testing.T) {
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

// orphans lists the children that this process has adopted.
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

// Orphans that multiply faster than /proc can be scanned must not survive for as
// long as a scan takes.
func TestKillLeftoversOnce_KillsAndReapsOrphansWithoutAScanOfProc(t *testing.T) {
	adoptOrphans(t)
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
	restore := useUpDescriptors(t) // so that no scan is possible
	found, _ := killLeftoversOnce(-1, "")
	for end := time.Now().Add(30 * time.Second); len(orphans()) > 0 && time.Now().Before(end); {
		killLeftoversOnce(-1, "")
	}
	left := orphans()
	restore()
	if !found || len(left) > 0 {
		t.Errorf("found any: %v; left: %v", found, left)
	}
}

// Where there are no pidfds it is better to spare one process too many.
func TestIsOrphan_SparesAnEarlierChildWithoutAPidfd(t *testing.T) {
	adoptOrphans(t)
	pid := forkOrphan(t)
	guards.Lock()
	defer guards.Unlock()
	earlier = map[int]int{pid: -1}
	defer func() { earlier = nil }()
	if !isEarlier(pid) || isOrphan(pid) {
		t.Error("an earlier child counts as an orphan")
	}
	reapChild(pid, nil)
}

// After an earlier child is reaped, its PID may belong to another process.
func TestIsEarlier_EndsWhenTheChildIsReaped(t *testing.T) {
	adoptOrphans(t)
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
		t.Error("an earlier child that is dead and not reaped counts as an orphan")
	}
	if list, err := handles(); err != nil || list[pid] {
		t.Errorf("the only pidfd of an earlier child is in earlier, but handles returned %v, %v", list, err)
	}
	if !reapChild(pid, nil) {
		t.Fatal("it cannot be reaped")
	}
	if isEarlier(pid) {
		t.Error("another process with the same PID would count as the earlier child")
	}
}
