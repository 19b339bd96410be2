package pid1

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The test binary is the container's entry point: the first process of a PID
// namespace, and the program that it runs.
const envMode = "UNDERSTUDY_TEST_PID1"

func TestMain(m *testing.M) {
	mode := os.Getenv(envMode)
	if mode == "" {
		os.Exit(m.Run())
	}
	if os.Getpid() == 1 {
		syscall.Exit(Main())
	}
	syscall.Exit(program(mode, os.Args[1:])) // at once: the race detector would wait
}

func program(mode string, args []string) int {
	if os.Getenv(Marker) != "1" {
		return 99
	}
	switch mode {
	case "exit":
		code, _ := strconv.Atoi(args[0])
		return code
	case "killed":
		_ = unix.Kill(os.Getpid(), unix.SIGKILL)
	case "signal": // says ready, then which signals come
		ch := make(chan os.Signal, 8)
		signal.Notify(ch, unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2)
		fmt.Println("ready")
		fmt.Println((<-ch).String())
		return 5
	case "orphan": // FILE: leaves one behind that has something to say yet
		cmd := exec.Command("sh", "-c", "sleep 0.3; echo will >"+args[0])
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			return 98
		}
		return 6
	case "zombies": // orphans that nobody but init can reap
		for range 50 {
			_ = exec.Command("sh", "-c", "sleep 0.01 & exit 0").Run()
		}
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
			if len(children()) == 1 {
				return 7
			}
		}
		return 97
	}
	return 0
}

// children are the children of process 1, by our own /proc.
func children() []string {
	data, _ := os.ReadFile("/proc/1/task/1/children")
	return strings.Fields(string(data))
}

// contained is the test binary as the first process of a PID namespace.
func contained(t *testing.T, mode string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	script := `mount -t proc proc /proc && exec "$0" "$@"`
	cmd := exec.Command("/bin/sh", append([]string{"-c", script, os.Args[0]}, args...)...)
	cmd.Env = append(os.Environ(), envMode+"="+mode)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS, Unshareflags: unix.CLONE_NEWNS}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	return cmd, &out
}

// needNamespaces skips where PID namespaces can't be had.
func needNamespaces(t *testing.T) {
	t.Helper()
	cmd, out := contained(t, "exit", "0")
	if err := cmd.Run(); err != nil {
		t.Skipf("no PID namespace with a /proc of its own here: %v %s", err, out)
	}
}

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

func TestExitCodeIsTheProgrammesOwn(t *testing.T) {
	needNamespaces(t)
	for _, tt := range []struct {
		mode string
		args []string
		want int
	}{
		{"exit", []string{"0"}, 0},
		{"exit", []string{"42"}, 42},
		{"killed", nil, 128 + 9},
		{"zombies", nil, 7},
	} {
		t.Run(strings.Join(append([]string{tt.mode}, tt.args...), " "), func(t *testing.T) {
			cmd, out := contained(t, tt.mode, tt.args...)
			if got := code(cmd.Run()); got != tt.want {
				t.Errorf("exit code %d, want %d; it said %s", got, tt.want, out)
			}
		})
	}
}

func TestInitExitsLast(t *testing.T) {
	needNamespaces(t)
	file := filepath.Join(t.TempDir(), "will")
	cmd, out := contained(t, "orphan", file)
	if got := code(cmd.Run()); got != 6 {
		t.Errorf("exit code %d, want 6; it said %s", got, out)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("init exited before an orphan had its last word: %v", err)
	}
}

func TestSignalsAreForwarded(t *testing.T) {
	needNamespaces(t)
	for _, sig := range []syscall.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2} {
		t.Run(unix.SignalName(sig), func(t *testing.T) {
			cmd, _ := contained(t, "signal")
			cmd.Stdout = nil
			pipe, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Process.Kill()
			var ready, got string
			if _, err := fmt.Fscanln(pipe, &ready); err != nil || ready != "ready" {
				t.Fatalf("it said %q, %v", ready, err)
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			rest := new(bytes.Buffer)
			_, _ = rest.ReadFrom(pipe)
			got = strings.TrimSpace(rest.String())
			if got != sig.String() {
				t.Errorf("the program got %q, want %q", got, sig)
			}
			if got := code(cmd.Wait()); got != 5 {
				t.Errorf("exit code %d, want 5", got)
			}
		})
	}
}
