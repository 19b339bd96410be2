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

	"github.com/understudy-go/understudy/config"
)

// firstOtherUser is the first of the users that no other program runs as.
const firstOtherUser = 1 << 20

// launchAsOtherUser launches a host as another user. Only root can do that.
func launchAsOtherUser(t *testing.T, h hosted, ready func() bool) (host *exec.Cmd, guard int) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can start a process as another user")
	}
	h.User = firstOtherUser + os.Getpid() // another one for each test process, so that the limits of one do not count what another has left
	probe, err := json.Marshal(hosted{Hidden: h.Hidden, Masked: h.Masked, User: h.User, Path: "probe"})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], string(probe))
	cmd.Env = append(os.Environ(), envMode+"=otheruser")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("no such user, or no /proc that hides anything, here: %v %s", err, out)
	}
	for dir, mode := range map[string]os.FileMode{h.Dir: 0o777, filepath.Dir(h.Dir): 0o755} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
	}
	h.Path = "/proc/self/exe" // other users may not enter the test binary's directory
	return launch(t, "otheruser", h, ready)
}

// becomeOtherUser makes this process that of the user in spec.
func becomeOtherUser(spec string) error {
	var h hosted
	if err := json.Unmarshal([]byte(spec), &h); err != nil {
		return err
	}
	if h.Hidden {
		if err := hideProc(); err != nil {
			return err
		}
	}
	if h.Masked {
		if err := maskProc(); err != nil {
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

// hideProc gives this thread, which will execute a program, a /proc of its own.
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
		return errors.New("before Linux 5.8 this would hide the processes of the whole machine")
	}
	return mountPrivately("proc", "/proc", "hidepid=2")
}

// maskProc gives this thread, which will execute a program, a /proc as it is in a container:
// whoever is not root may mount no other one.
func maskProc() error { return mountPrivately("tmpfs", "/proc/tty", "") }

func mountPrivately(kind, dir, options string) error {
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	if err := unix.Mount(kind, dir, kind, 0, options); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	return nil
}

// systemd's ProtectProc=invisible hides processes in this way.
func TestKilledGuard_LeavesNothingThatProcHides(t *testing.T) {
	dir, m := t.TempDir(), testMark()
	file := filepath.Join(dir, "log")
	h := hostOf(t, dir, m, "undumpable", file)
	h.Restart, h.Subreaper, h.Hidden = config.RestartNever, true, true
	_, guard := launchAsOtherUser(t, h, contains(file, "ready"))
	if list := alive(m); len(list) != 2 {
		t.Fatalf("processes %v, want the command and one that is hidden", list)
	}
	_ = unix.Kill(guard, unix.SIGKILL)
	waitFor(t, "Run to return", contains(filepath.Join(dir, "result"), ErrFailed.Error()+": its guard died"))
	wantGone(t, m)
}

// They multiply during one scan of /proc, and their dead fill the limit of
// processes, at which Go aborts.
func TestKilledGuard_LeavesNoProcessesThatForkAndExitForEver(t *testing.T) {
	dir, m := t.TempDir(), testMark()
	file := filepath.Join(dir, "log")
	h := hostOf(t, dir, m, "hoppers", "30", file)
	h.Restart, h.Subreaper, h.Processes = config.RestartNever, true, 500
	_, guard := launchAsOtherUser(t, h, contains(file, "ready"))
	_ = unix.Kill(guard, unix.SIGKILL)
	waitFor(t, "Run to return", contains(filepath.Join(dir, "result"), ErrFailed.Error()+": its guard died"))
	wantGone(t, m)
}

// fork forks as the kernel does. It returns -1 if the kernel refuses for long. The
// child may only make raw system calls.
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

// hop forks, leaves the session and exits, again and again, and does not return. The
// number of hops bounds what a failing test leaves behind.
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
