//go:build linux

package e2e

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/testkit"
)

const nobody = 65532 // the user of the image

// envMark marks the processes that a test starts: RUN/NUMBER.
const envMark = "UNDERSTUDY_TEST_MARK"

// inMemory is the beginning of the names of directories in memory. The name of this
// run follows.
const inMemory = "/dev/shm/understudy-test-"

var (
	thisRun = rand.Text()
	tests   atomic.Int64
)

// program is the built binary, static as in the image, under a name that one test
// alone uses. So its processes are recognized by the file that they execute.
type program struct {
	t    testing.TB
	path string
	mark string
	dir  string // for logs
}

var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "understudy")
	defer testkit.Progress("e2e: building the program", time.Second, 10*time.Second, testkit.Notice)()
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", path, module)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, startCleanup()
})

// startCleanup starts a process that ends all processes of this run when the run has
// ended, even if it was killed.
func startCleanup() error {
	r, w, err := os.Pipe() // w is closed by the end of this process
	if err != nil {
		return err
	}
	cleanup := exec.Command("/proc/self/exe", envMark+"="+thisRun+"/", scratch, inMemory+thisRun+"*")
	cleanup.Env = append(os.Environ(), testkit.EnvRole+"=cleanup")
	cleanup.Stdin = r
	cleanup.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cleanup.Start(); err != nil {
		return err
	}
	cleanupPipe = w
	return r.Close()
}

// cleanupPipe stays open until this process ends, and by that tells the cleanup.
var cleanupPipe *os.File

func newProgram(t testing.TB) *program {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	n := tests.Add(1)
	p := &program{
		t: t, path: filepath.Join(scratch, fmt.Sprintf("understudy-%d", n)), dir: t.TempDir(),
		mark: fmt.Sprintf("%s=%s/%d", envMark, thisRun, n),
	}
	if err := os.Link(path, p.path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if list := p.left(); len(list) > 0 {
			if !t.Failed() {
				t.Errorf("left behind: %v", list)
			}
			for _, left := range list {
				_ = unix.Kill(left.pid, unix.SIGKILL)
			}
		}
		_ = os.Remove(p.path)
	})
	return p
}

// environ returns the environment for a process of the test.
func (p *program) environ(env ...string) []string {
	return testkit.Environ(append([]string{p.mark, "UNDERSTUDY_LOG_FORMAT=json"}, env...)...)
}

// process is a process that a test has started, with its output in files.
type process struct {
	t        testing.TB
	name     string
	cmd      *exec.Cmd
	out, log string // paths
	done     chan struct{}
}

// start starts the program. Each function of prepare may change the command first.
func (p *program) start(name string, env, args []string, prepare ...func(*exec.Cmd)) *process {
	p.t.Helper()
	cmd := exec.Command(p.path, args...)
	cmd.Env = p.environ(env...)
	for _, f := range prepare {
		f(cmd)
	}
	ps := &process{
		t: p.t, name: name, cmd: cmd, done: make(chan struct{}),
		out: filepath.Join(p.dir, name+".out"), log: filepath.Join(p.dir, name+".log"),
	}
	create := func(path string) *os.File {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil {
			p.t.Fatal(err)
		}
		return f
	}
	stdout, stderr := create(ps.out), create(ps.log)
	defer stdout.Close()
	defer stderr.Close()
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait()
		close(ps.done)
	}()
	p.t.Cleanup(func() {
		if ps.running() {
			_ = cmd.Process.Kill()
			<-ps.done
		}
	})
	return ps
}

// outcome runs the program to its end.
func (p *program) outcome(env, args []string, prepare ...func(*exec.Cmd)) (code int, stdout, stderr string) {
	p.t.Helper()
	ps := p.start(fmt.Sprintf("run-%d", tests.Add(1)), env, args, prepare...)
	code = ps.exit()
	return code, ps.read(ps.out), ps.read(ps.log)
}

func (ps *process) running() bool {
	select {
	case <-ps.done:
		return false
	default:
		return true
	}
}

// signal sends a signal to the process alone.
func (ps *process) signal(s syscall.Signal) {
	ps.t.Helper()
	if err := ps.cmd.Process.Signal(s); err != nil {
		ps.t.Fatalf("%v to %s: %v", s, ps.name, err)
	}
}

// repeated is how long after a signal another one still counts as the same order.
const repeated = 200 * time.Millisecond

// signalAgain sends a signal after one that was received: late enough to count as
// another order.
func (ps *process) signalAgain(s syscall.Signal) {
	ps.t.Helper()
	time.Sleep(repeated)
	ps.signal(s)
}

// exit waits for the end of the process. It returns the exit code, or 128+n after
// signal n.
func (ps *process) exit() int {
	ps.t.Helper()
	select {
	case <-ps.done:
	case <-time.After(testkit.Patience):
		ps.t.Fatalf("%s did not end within %v:\n%s", ps.name, testkit.Patience, ps.read(ps.log))
	}
	status := ps.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

func (ps *process) read(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		ps.t.Error(err)
	}
	return string(data)
}

// logged reports whether the log contains a text, and logs counts how often.
func (ps *process) logged(text string) bool { return strings.Contains(ps.read(ps.log), text) }
func (ps *process) logs(text string) int    { return strings.Count(ps.read(ps.log), text) }

// await waits until the log contains a text.
func (ps *process) await(text string) {
	ps.t.Helper()
	testkit.Until(ps.t, ps.name+" to log "+text, func() bool { return ps.logged(text) })
}

// leftover is a living process of a test.
type leftover struct {
	pid  int
	name string
}

// left lists the living processes that a test started, directly or not. They are
// recognized by the file that they execute, as guards are, or by the mark in their
// environment.
func (p *program) left() (list []leftover) {
	pids := marked(p.mark + "\x00")
	for _, pid := range allProcesses() {
		if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err == nil && exe == p.path {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	for _, pid := range slices.Compact(pids) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if _, after, ok := strings.Cut(string(stat), ") "); err == nil && ok && !strings.HasPrefix(after, "Z") {
			name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
			list = append(list, leftover{pid, strings.TrimSpace(string(name))})
		}
	}
	return list
}

// marked lists the processes that have an entry in their environment which begins as
// given.
func marked(entry string) (pids []int) {
	for _, pid := range allProcesses() {
		env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if err == nil && bytes.Contains(append([]byte{0}, env...), []byte("\x00"+entry)) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func allProcesses() (pids []int) {
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}
