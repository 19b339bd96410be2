package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/testkit"
)

// envMode makes the test binary the command under test, or a host of one.
const envMode = "UNDERSTUDY_TEST_WORKER"

func TestMain(m *testing.M) {
	if mode := os.Getenv(envMode); mode != "" {
		syscall.Exit(runMode(mode, os.Args[1:])) // without the race detector's exit hook, which would wait
	}
	testkit.Parallel(16) // they mostly wait for leases to end
	goleak.VerifyTestMain(m)
}

// runMode is what the test binary does in one of its modes. It returns the exit code.
func runMode(mode string, args []string) int {
	switch mode {
	case "exit": // CODE
		code, _ := strconv.Atoi(args[0])
		return code
	case "polite": // FILE: exits at SIGTERM, which it writes to FILE, and its time to FILE.at
		ch := make(chan os.Signal, 1)
		signal.Notify(ch, unix.SIGTERM)
		appendLine(args[0], "ready")
		<-ch
		appendLine(args[0]+".at", fmt.Sprint(int64(boottime.Now())))
		appendLine(args[0], "terminated")
	case "stubborn": // FILE: ignores SIGTERM
		signal.Notify(make(chan os.Signal, 1), unix.SIGTERM, unix.SIGINT, unix.SIGHUP)
		appendLine(args[0], "ready")
		time.Sleep(time.Hour)
	case "forest": // N SETSID FILE: has N children, each in a session of its own or not
		n, _ := strconv.Atoi(args[0])
		var pids []int
		for range n {
			pids = append(pids, spawn(args[1] == "setsid", "sleep", "1000"))
		}
		for _, pid := range pids { // the kernel shows an environment a moment after the start
			for env := []byte(nil); len(env) == 0; env, _ = os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)) {
			}
		}
		appendLine(args[2], "ready")
		time.Sleep(time.Hour)
	case "guest": // FILE: puts its child into the guard's process group
		cmd := exec.Command("sleep", "1000")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: os.Getppid()}
		if err := cmd.Start(); err != nil {
			panic(err)
		}
		appendLine(args[0], "ready")
		time.Sleep(time.Hour)
	case "daemons": // N CODE: leaves N double-forked daemons behind and exits
		n, _ := strconv.Atoi(args[0])
		for range n {
			spawn(true, "sh", "-c", "sleep 1000 & sleep 1000 & exit 0")
		}
		code, _ := strconv.Atoi(args[1])
		return code
	case "orphans": // FILE: makes 300 orphans that die at once
		for range 300 {
			_ = exec.Command("sh", "-c", "sleep 0.01 & exit 0").Run()
		}
		appendLine(args[0], "ready")
		time.Sleep(time.Hour)
	case "shell": // FILE: dies of SIGTERM at once, while its child "slow" does not
		os.Setenv(envMode, "slow")
		spawn(false, os.Args[0], args[0])
		time.Sleep(time.Hour)
	case "slow": // FILE: exits a moment after SIGTERM
		ch := make(chan os.Signal, 1)
		signal.Notify(ch, unix.SIGTERM)
		appendLine(args[0], "ready")
		<-ch
		time.Sleep(100 * time.Millisecond)
		appendLine(args[0], "finished")
	case "tick", "deaf": // FILE: writes the time, again and again; "deaf" ignores SIGTERM
		if mode == "deaf" {
			signal.Notify(make(chan os.Signal, 1), unix.SIGTERM)
		}
		f, _ := os.OpenFile(args[0], os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		for {
			fmt.Fprintf(f, "%020d\n", boottime.Now())
			time.Sleep(time.Millisecond)
		}
	case "pipe": // dies of SIGPIPE
		r, w, _ := os.Pipe()
		r.Close()
		_ = unix.Dup3(int(w.Fd()), 1, 0)
		fmt.Println("hello")
		return 0
	case "report": // FILE: writes its report
		data, _ := json.Marshal(makeReport())
		_ = os.WriteFile(args[0], data, 0o600)
	case "undumpable": // FILE: has a child that cannot be dumped, so that /proc hides it
		if len(args) == 1 {
			spawn(true, "/proc/self/exe", args[0], "child")
		} else {
			_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
			appendLine(args[0], "ready")
		}
		time.Sleep(time.Hour)
	case "hoppers": // N FILE: has N descendants that fork, leave the session and exit, many times
		n, _ := strconv.Atoi(args[0])
		for range n {
			if fork() == 0 {
				hop(20_000)
			}
		}
		appendLine(args[1], "ready")
		time.Sleep(time.Hour)
	case "prepare": // ISOLATION: prepares a guard, and says what isolates its command
		c, err := NewCommand(Spec{Path: "/bin/true", Isolation: config.Isolation(args[0])})
		if err != nil {
			panic(err)
		}
		if err := c.Prepare(context.Background()); err != nil {
			fmt.Println(err)
		} else {
			fmt.Println(c.Isolation())
		}
		c.Close()
	case "limited": // FILE: executes itself as "prepare" of another user, after it has written 0 to a file of this user namespace
		if err := os.WriteFile(args[0], []byte("0"), 0); err != nil {
			fmt.Println(err)
			return 1
		}
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(firstOtherUser), syscall.Setuid(firstOtherUser)); err != nil {
			fmt.Println(err)
			return 1
		}
		os.Setenv(envMode, "prepare")
		panic(syscall.Exec("/proc/self/exe", []string{os.Args[0], string(config.IsolationPID)}, os.Environ()))
	case "leaver": // FILE: leaves a child that cannot be dumped, and exits
		os.Setenv(envMode, "undumpable")
		spawn(true, "/proc/self/exe", args[0], "child")
		for !exists(args[0]) {
			time.Sleep(time.Millisecond)
		}
		return 0
	case "wanderers": // N FILE: has N descendants that fork, leave the session and exit, every few milliseconds for a minute
		n, _ := strconv.Atoi(args[0])
		for range n {
			if fork() == 0 {
				wander(20_000)
			}
		}
		appendLine(args[1], "ready")
		time.Sleep(time.Hour)
	case "escapee": // FILE SECONDS: leaves a daemon with an empty environment, "sleep SECONDS"
		spawn(true, "env", "-i", "sh", "-c", "(echo ready >>"+args[0]+"; exec sleep "+args[1]+") & exit 0")
		time.Sleep(time.Hour)
	case "host":
		return runHost(args[0])
	case "otheruser": // SPEC: executes itself as a host of another user
		if err := becomeOtherUser(args[0]); err != nil {
			fmt.Println(err)
			return 1
		}
		os.Setenv(envMode, "host")
		panic(syscall.Exec("/proc/self/exe", os.Args, os.Environ()))
	case "helped": // SPEC: leaves a helper running, and executes itself as a host
		var h hosted
		if err := json.Unmarshal([]byte(args[0]), &h); err != nil {
			panic(err)
		}
		spawn(false, "sh", "-c", h.Helper)
		os.Setenv(envMode, "host")
		panic(syscall.Exec("/proc/self/exe", os.Args, os.Environ()))
	case "blocked": // SPEC: executes itself as a host with signals blocked or ignored
		signal.Ignore(unix.SIGINT, unix.SIGHUP, unix.SIGTERM, unix.SIGPIPE, unix.SIGTSTP)
		ignore := [4]uint64{1} // as the C library's posix_spawn does with its own signals
		_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, 32, ptr(&ignore[0]), 0, 8, 0, 0)
		os.Setenv(envMode, "host")
		mask := uint64(1<<(unix.SIGTERM-1) | 1<<(unix.SIGUSR1-1))
		_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, ptr(&mask), 0, 8, 0, 0)
		panic(syscall.Exec("/proc/self/exe", os.Args, os.Environ()))
	default:
		panic(mode)
	}
	return 0
}

// report describes the environment of a command.
type report struct {
	Args, Env     []string
	Stdin         string
	PID, PGID     int
	SID, ParentID int
}

func makeReport() report {
	r := report{Args: os.Args, Env: os.Environ(), PID: os.Getpid(), PGID: unix.Getpgrp(), ParentID: os.Getppid()}
	r.SID, _ = unix.Getsid(0)
	r.Stdin, _ = os.Readlink("/proc/self/fd/0")
	return r
}

// appendLine appends a line to a file.
func appendLine(file, text string) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err == nil {
		_, err = f.WriteString(text + "\n")
	}
	if err != nil {
		panic(err)
	}
	f.Close()
}

// spawn starts a process that nobody waits for.
func spawn(setsid bool, name string, args ...string) (pid int) {
	cmd := exec.Command(name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: setsid}
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	return cmd.Process.Pid
}

// alive lists the living processes with an entry in their environment.
func alive(entry string) []int {
	var list []int
	dirs, _ := os.ReadDir("/proc")
	for _, dir := range dirs {
		pid, err := strconv.Atoi(dir.Name())
		if err != nil {
			continue
		}
		env, err := os.ReadFile("/proc/" + dir.Name() + "/environ") // empty for a zombie
		if err == nil && strings.Contains("\x00"+string(env), "\x00"+entry+"\x00") {
			list = append(list, pid)
		}
	}
	return list
}

// onlyProcess returns the only living process with an entry in its environment.
func onlyProcess(t testing.TB, entry string) int {
	t.Helper()
	list := alive(entry)
	if len(list) != 1 {
		t.Fatalf("processes %v, want one", list)
	}
	return list[0]
}
