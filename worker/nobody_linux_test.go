package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// firstNobody and those after it are users that nothing else runs as.
const firstNobody = 1 << 20

// launchAsNobody launches a host that is another user, for which it takes root.
func launchAsNobody(t *testing.T, h hosted, ready func() bool) (host *exec.Cmd, guard int) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can start something as another user")
	}
	h.User = firstNobody + os.Getpid() // what another test left counts in no limit of this one
	probe, err := json.Marshal(hosted{Hidden: h.Hidden, User: h.User, Path: "probe"})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], string(probe))
	cmd.Env = append(os.Environ(), envMode+"=nobody")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("no such user, or no /proc that hides anything, here: %v %s", err, said)
	}
	for dir, mode := range map[string]os.FileMode{h.Dir: 0o777, filepath.Dir(h.Dir): 0o755} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
	}
	h.Path = "/proc/self/exe" // the way to the test binary is closed to others
	return launch(t, "nobody", h, ready)
}

func becomeNobody(spec string) error {
	var h hosted
	if err := json.Unmarshal([]byte(spec), &h); err != nil {
		return err
	}
	if h.Hidden {
		if err := hideProc(); err != nil {
			return err
		}
	}
	if h.Processes > 0 {
		limit := unix.Rlimit{Cur: uint64(h.Processes), Max: uint64(h.Processes)}
		if err := unix.Setrlimit(unix.RLIMIT_NPROC, &limit); err != nil {
			return err
		}
	}
	if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(h.User), syscall.Setuid(h.User)); err != nil {
		return err
	}
	if h.Hidden {
		if _, err := os.Stat(fmt.Sprintf("/proc/%d", os.Getppid())); err == nil {
			return errors.New("/proc shows another user's process")
		}
	}
	if h.Path == "probe" {
		os.Exit(0)
	}
	return nil
}

// hideProc gives this thread, which is to execute something, a /proc of its own.
func hideProc() error {
	var u unix.Utsname
	var major, minor int
	if err := unix.Uname(&u); err != nil {
		return err
	}
	if _, err := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &major, &minor); err != nil {
		return err
	}
	if major < 5 || major == 5 && minor < 8 {
		return errors.New("it would hide all processes of this machine, before Linux 5.8")
	}
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, "hidepid=2"); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	return nil
}

// As systemd's ProtectProc=invisible does.
func TestKilledGuardTakesWithItWhatProcHides(t *testing.T) {
	dir, m := t.TempDir(), mark()
	file := filepath.Join(dir, "log")
	h := hostOf(t, dir, m, "hideaway", file)
	h.Restart, h.Subreaper, h.Hidden = Never, true, true
	_, guard := launchAsNobody(t, h, holds(file, "ready"))
	if list := alive(m); len(list) != 2 {
		t.Fatalf("processes %v, want the command and one that is hidden", list)
	}
	_ = unix.Kill(guard, unix.SIGKILL)
	until(t, "Run to return", holds(filepath.Join(dir, "result"), ErrFailed.Error()+": its guard died"))
	wantGone(t, m)
}

// They multiply within one look at /proc, and fill the limit of processes with
// their dead, at which Go gives up.
func TestKilledGuardTakesWithItWhoForksAndExitsForEver(t *testing.T) {
	dir, m := t.TempDir(), mark()
	file := filepath.Join(dir, "log")
	h := hostOf(t, dir, m, "hoppers", "30", file)
	h.Restart, h.Subreaper, h.Processes = Never, true, 500
	_, guard := launchAsNobody(t, h, holds(file, "ready"))
	_ = unix.Kill(guard, unix.SIGKILL)
	until(t, "Run to return", holds(filepath.Join(dir, "result"), ErrFailed.Error()+": its guard died"))
	wantGone(t, m)
}

// fork is the kernel's, -1 if that refuses for long. What runs in the child makes
// raw system calls alone.
//
//go:norace
func fork() (pid int) {
	for range 5000 {
		pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
		if errno == 0 {
			return int(pid)
		}
		pause()
	}
	return -1
}

//go:norace
func pause() {
	ts := unix.Timespec{Nsec: 100_000}
	_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&ts)), 0, 0)
}

// hop does not return. The number of hops bounds what a failing test leaves.
//
//go:norace
func hop(hops int) {
	for range hops {
		_, _, _ = unix.RawSyscall(unix.SYS_SETSID, 0, 0, 0)
		pause()
		if fork() != 0 {
			break
		}
	}
	for {
		_, _, _ = unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
}
