package pid1

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/guardname"
	"github.com/understudy-go/understudy/internal/procfs"
)

// envMode makes the test binary the entry point of a container: the first process
// of a PID namespace, and the program that this runs.
const envMode = "UNDERSTUDY_TEST_PID1"

func TestMain(m *testing.M) {
	mode := os.Getenv(envMode)
	if mode == "" {
		os.Exit(m.Run())
	}
	if os.Getpid() == 1 {
		if mode == "other" || mode == "guard" {
			othersTime = 200 * time.Millisecond
		}
		if mode == "fragile" {
			othersTime = time.Hour
		}
		syscall.Exit(Main())
	}
	syscall.Exit(program(mode, os.Args[1:])) // without the race detector's exit hook, which would wait
}

// program is what the test binary does as the program below init.
func program(mode string, args []string) int {
	if os.Getenv(config.EnvUnderInit) != "1" {
		return 99
	}
	switch mode {
	case "exit":
		code, _ := strconv.Atoi(args[0])
		return code
	case "killed":
		_ = unix.Kill(os.Getpid(), unix.SIGKILL)
	case "signal": // prints ready, and then the first signal that comes
		ch := make(chan os.Signal, 8)
		signal.Notify(ch, unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGABRT, unix.SIGUSR1, unix.SIGUSR2)
		fmt.Println("ready")
		fmt.Println((<-ch).String())
		return 5
	case "job": // prints ready, and then each SIGCONT and SIGTERM
		ch := make(chan os.Signal, 8)
		signal.Notify(ch, unix.SIGTERM, unix.SIGCONT)
		fmt.Println("ready")
		for sig := range ch {
			fmt.Println(sig)
			if sig == unix.SIGTERM {
				return 5
			}
		}
	case "orphan": // FILE: leaves a process behind that writes the file a moment later
		cmd := exec.Command("sh", "-c", "sleep 0.3; echo done >"+args[0])
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			return 98
		}
		return 6
	case "other": // leaves a process behind for ever
		return leaveBehind("sleep", "1000")
	case "guard": // FILE: leaves a guard behind that lives longer than othersTime and then writes the file
		os.Setenv(envMode, "guarding")
		return leaveBehind(os.Args[0], args...)
	case "fragile": // has a guard and another child, prints ready and each SIGCONT, and stops at SIGTERM
		ch := make(chan os.Signal, 8)
		signal.Notify(ch, unix.SIGTERM, unix.SIGCONT)
		os.Setenv(envMode, "guarding")
		if leaveBehind("sleep", "1000") != 6 || leaveBehind(os.Args[0]) != 6 {
			return 98
		}
		fmt.Println("ready")
		for sig := range ch {
			fmt.Println(sig)
			if sig == unix.SIGTERM {
				return 5
			}
		}
	case "eternal": // leaves a guard behind for ever
		os.Setenv(envMode, "guarding")
		return leaveBehind(os.Args[0])
	case "guarding":
		if err := os.WriteFile("/proc/self/comm", []byte(guardname.Name), 0); err != nil {
			return 96
		}
		ch := make(chan os.Signal, 1)
		signal.Notify(ch, unix.SIGUSR1)
		fmt.Println("guarding")
		if len(args) == 0 {
			<-ch // or for ever
			return 0
		}
		time.Sleep(2 * time.Second) // longer than init waits for other processes
		_ = os.WriteFile(args[0], nil, 0o600)
	case "zombies": // makes orphans that only init can reap
		for range 50 {
			_ = exec.Command("sh", "-c", "sleep 0.01 & exit 0").Run()
		}
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
			if list, err := procfs.Children("1"); err == nil && len(list) == 1 {
				return 7
			}
		}
		return 97
	}
	return 0
}

// leaveBehind starts a process in a session of its own. If that is the test binary,
// it waits for its first word. It returns the program's exit code.
func leaveBehind(name string, args ...string) int {
	cmd := exec.Command(name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if name == "sleep" {
		if cmd.Start() != nil {
			return 98
		}
		return 6
	}
	pipe, err := cmd.StdoutPipe()
	if err != nil || cmd.Start() != nil {
		return 98
	}
	var word string
	_, _ = fmt.Fscanln(pipe, &word)
	fmt.Println(word)
	return 6
}

// contained returns the test binary as the first process of a PID namespace.
func contained(t *testing.T, mode string, args ...string) (*exec.Cmd, *output) {
	t.Helper()
	script := `mount -t proc proc /proc && exec "$0" "$@"`
	cmd := exec.Command("/bin/sh", append([]string{"-c", script, os.Args[0]}, args...)...)
	cmd.Env = append(os.Environ(), envMode+"="+mode)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS, Unshareflags: unix.CLONE_NEWNS}
	var out output
	cmd.Stdout, cmd.Stderr = &out, &out
	return cmd, &out
}

// startPiped starts the test binary contained, and returns its standard output.
func startPiped(t *testing.T, mode string) (*exec.Cmd, io.Reader) {
	t.Helper()
	cmd, _ := contained(t, mode)
	cmd.Stdout = nil
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, pipe
}

// waitForLines returns a function that waits until the program prints a line.
func waitForLines(t *testing.T, pipe io.Reader) (next func(want string)) {
	lines := bufio.NewScanner(pipe)
	return func(want string) {
		t.Helper()
		for lines.Scan() {
			if lines.Text() == want {
				return
			}
		}
		t.Fatalf("the program did not print %q", want)
	}
}

// output collects what a process writes.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// needNamespaces skips the test where no PID namespace can be made.
func needNamespaces(t *testing.T) {
	t.Helper()
	cmd, out := contained(t, "exit", "0")
	if err := cmd.Run(); err != nil {
		t.Skipf("no PID namespace with a /proc of its own here: %v %s", err, out)
	}
}

// code returns the exit code that an error of exec.Cmd tells.
func code(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

// runWithin runs a command that has to end by itself.
func runWithin(t *testing.T, cmd *exec.Cmd) error {
	t.Helper()
	const patience = 30 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(patience, func() {
		t.Errorf("init still waits after %v", patience)
		_ = cmd.Process.Kill()
	})
	defer timer.Stop()
	return cmd.Wait()
}
