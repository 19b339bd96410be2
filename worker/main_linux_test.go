package worker

import (
	"encoding/json"
	"flag"
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

	"github.com/understudy-go/understudy/internal/boottime"
)

// The test binary is also the command under test, and the program that hosts it.
const envMode = "UNDERSTUDY_TEST_WORKER"

func TestMain(m *testing.M) {
	if mode := os.Getenv(envMode); mode != "" {
		syscall.Exit(play(mode, os.Args[1:])) // at once: the race detector would wait
	}
	flag.Parse()
	together := true
	flag.Visit(func(f *flag.Flag) { together = together && f.Name != "test.parallel" })
	if together { // those that are parallel wait for leases to end
		_ = flag.Set("test.parallel", "16")
	}
	goleak.VerifyTestMain(m)
}

func play(mode string, args []string) int {
	switch mode {
	case "exit": // CODE
		code, _ := strconv.Atoi(args[0])
		return code
	case "polite": // FILE: notes SIGTERM, and in FILE.at when it came, and exits
		ch := make(chan os.Signal, 1)
		signal.Notify(ch, unix.SIGTERM)
		note(args[0], "ready")
		<-ch
		note(args[0]+".at", fmt.Sprint(int64(boottime.Now())))
		note(args[0], "terminated")
	case "stubborn": // FILE
		signal.Notify(make(chan os.Signal, 1), unix.SIGTERM, unix.SIGINT, unix.SIGHUP)
		note(args[0], "ready")
		time.Sleep(time.Hour)
	case "forest": // N SETSID FILE
		n, _ := strconv.Atoi(args[0])
		var trees []int
		for range n {
			trees = append(trees, spawn(args[1] == "setsid", "sleep", "1000"))
		}
		for _, pid := range trees { // the kernel shows an environment a moment later
			for env := []byte(nil); len(env) == 0; env, _ = os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)) {
			}
		}
		note(args[2], "ready")
		time.Sleep(time.Hour)
	case "guest": // FILE: its child moves into the guard's process group
		cmd := exec.Command("sleep", "1000")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: os.Getppid()}
		if err := cmd.Start(); err != nil {
			panic(err)
		}
		note(args[0], "ready")
		time.Sleep(time.Hour)
	case "daemons": // N CODE: leaves N double-forked daemons behind and exits
		n, _ := strconv.Atoi(args[0])
		for range n {
			spawn(true, "sh", "-c", "sleep 1000 & sleep 1000 & exit 0")
		}
		code, _ := strconv.Atoi(args[1])
		return code
	case "nursery": // FILE: orphans die all the time
		for range 300 {
			_ = exec.Command("sh", "-c", "sleep 0.01 & exit 0").Run()
		}
		note(args[0], "ready")
		time.Sleep(time.Hour)
	case "shell": // FILE: the command dies of SIGTERM at once, its child takes its time
		os.Setenv(envMode, "slow")
		spawn(false, os.Args[0], args[0])
		time.Sleep(time.Hour)
	case "slow":
		ch := make(chan os.Signal, 1)
		signal.Notify(ch, unix.SIGTERM)
		note(args[0], "ready")
		<-ch
		time.Sleep(100 * time.Millisecond)
		note(args[0], "finished")
	case "tick", "deaf": // FILE: notes the time; the latter ignores SIGTERM
		if mode == "deaf" {
			signal.Notify(make(chan os.Signal, 1), unix.SIGTERM)
		}
		f, _ := os.OpenFile(args[0], os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		for {
			fmt.Fprintf(f, "%020d\n", boottime.Now())
			time.Sleep(time.Millisecond)
		}
	case "pipe": // dies of SIGPIPE like any program
		r, w, _ := os.Pipe()
		r.Close()
		_ = unix.Dup3(int(w.Fd()), 1, 0)
		fmt.Println("hello")
		return 0
	case "report": // FILE
		data, _ := json.Marshal(look())
		_ = os.WriteFile(args[0], data, 0o600)
	case "hideaway": // FILE: its child can't be dumped, which hides it
		if len(args) == 1 {
			spawn(true, "/proc/self/exe", args[0], "child")
		} else {
			_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
			note(args[0], "ready")
		}
		time.Sleep(time.Hour)
	case "hoppers": // N FILE: fork, leave the session and exit, each a number of times
		n, _ := strconv.Atoi(args[0])
		for range n {
			if fork() == 0 {
				hop(20_000)
			}
		}
		note(args[1], "ready")
		time.Sleep(time.Hour)
	case "host":
		return host(args[0])
	case "nobody": // SPEC: executes itself as a host of a user of its own
		if err := becomeNobody(args[0]); err != nil {
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
		os.Setenv(envMode, "host")
		mask := uint64(1<<(unix.SIGTERM-1) | 1<<(unix.SIGUSR1-1))
		_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, ptr(&mask), 0, 8, 0, 0)
		panic(syscall.Exec("/proc/self/exe", os.Args, os.Environ()))
	default:
		panic(mode)
	}
	return 0
}

// report is what a command finds itself in.
type report struct {
	Args, Env     []string
	Stdin         string
	PID, PGID     int
	SID, ParentID int
}

func look() report {
	r := report{Args: os.Args, Env: os.Environ(), PID: os.Getpid(), PGID: unix.Getpgrp(), ParentID: os.Getppid()}
	r.SID, _ = unix.Getsid(0)
	r.Stdin, _ = os.Readlink("/proc/self/fd/0")
	return r
}

func note(file, text string) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err == nil {
		_, err = f.WriteString(text + "\n")
	}
	if err != nil {
		panic(err)
	}
	f.Close()
}

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

// theOne is the only living process with an entry in its environment.
func theOne(t testing.TB, entry string) int {
	t.Helper()
	list := alive(entry)
	if len(list) != 1 {
		t.Fatalf("processes %v, want one", list)
	}
	return list[0]
}
