//go:build linux

package e2e

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/testkit"
)

// envSpans names the directory where the work leaves its spans.
const envSpans = "UNDERSTUDY_TEST_SPANS"

// spanFile opens the file in which a process records how long it lived in a term.
func spanFile() (*os.File, error) {
	return os.OpenFile(filepath.Join(os.Getenv(envSpans), fmt.Sprintf("%s.%s.%d",
		os.Getenv("UNDERSTUDY_TERM"), os.Getenv("UNDERSTUDY_INSTANCE"), os.Getpid())), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
}

// leaveSpans is the work of most groups. It writes down the time every few
// milliseconds, and so does a child that has left the command's process group
// ("escapee=yes"). With "linger=DURATION" it takes that long to stop.
func leaveSpans([]string) int {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, unix.SIGTERM)
	f, err := spanFile()
	if err != nil {
		return 1
	}
	note := func() { fmt.Fprintln(f, int64(boottime.Now())) }
	note()
	if os.Getenv("escapee") == "yes" {
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = append(os.Environ(), "escapee=", "linger=1h")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			return 1
		}
	}
	end := make(<-chan time.Time)
	for {
		select {
		case <-stop:
			linger, _ := time.ParseDuration(os.Getenv("linger"))
			end = time.After(linger)
		case <-end:
			note()
			return 0
		case <-time.After(4 * time.Millisecond):
			note()
		}
	}
}

// cleanUp waits for the end of the test process. Then it ends the processes that have
// the mark MARK, and removes the directories DIR….
func cleanUp(args []string) int {
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	_, _ = io.Copy(io.Discard, os.Stdin)
	for _, pid := range marked(args[0]) {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
	for _, pattern := range args[1:] {
		dirs, _ := filepath.Glob(pattern)
		for _, dir := range dirs {
			_ = os.RemoveAll(dir)
		}
	}
	return 0
}

// payload writes arbitrary bytes to stdout and stderr, and writes to FILE how many
// bytes it read from stdin.
func payload(args []string) int {
	n, err := io.Copy(io.Discard, os.Stdin)
	if err != nil {
		return 1
	}
	if os.WriteFile(args[0], fmt.Appendf(nil, "%d bytes", n), 0o600) != nil {
		return 1
	}
	_, err1 := os.Stdout.Write(payloadBytes(1))
	_, err2 := os.Stderr.Write(payloadBytes(2))
	if err1 != nil || err2 != nil {
		return 1
	}
	return 0
}

func payloadBytes(seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, seed))
	var b bytes.Buffer
	for range 100_000 {
		b.WriteByte(byte(r.Uint32()))
	}
	return b.Bytes()
}

// tracer traces process PID, so that it does not go away even when it is killed.
func tracer(args []string) int {
	runtime.LockOSThread()
	pid, _ := strconv.Atoi(args[0])
	if err := unix.PtraceSeize(pid); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("holding")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// container turns DIR into the root of a container, and runs a program in it as an
// ordinary user. It is already process 1 of its namespace.
func container(args []string) int {
	dir := args[0]
	for _, m := range []struct{ source, target, kind string }{
		{"proc", "/proc", "proc"},
		{"/dev", "/dev", ""},
	} {
		flags := uintptr(0)
		if m.kind == "" {
			flags = unix.MS_BIND
		}
		if err := unix.Mount(m.source, dir+m.target, m.kind, flags, ""); err != nil {
			fmt.Fprintf(os.Stderr, "mount %s: %v\n", m.target, err)
			return 100
		}
	}
	err := unix.Chroot(dir)
	if err == nil {
		err = os.Chdir("/")
	}
	if err == nil {
		err = syscall.Setgid(nobody)
	}
	if err == nil {
		err = syscall.Setuid(nobody)
	}
	if err == nil {
		os.Unsetenv(testkit.EnvRole)
		err = syscall.Exec(args[1], args[1:], os.Environ())
	}
	fmt.Fprintln(os.Stderr, err)
	return 100
}
