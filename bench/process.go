//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/bench/candidate"
)

// events is what the candidates of one measurement have said so far.
type events struct {
	mu      sync.Mutex
	list    []candidate.Event
	changed chan struct{}
}

func newEvents() *events { return &events{changed: make(chan struct{})} }

func (e *events) add(ev candidate.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, ev)
	close(e.changed)
	e.changed = make(chan struct{})
}

// since returns the events from number n on, and a channel that is closed when there are
// more.
func (e *events) since(n int) ([]candidate.Event, <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.list[n:len(e.list):len(e.list)], e.changed
}

// holder returns who became active last in a group; empty: nobody has.
func (e *events) holder(group string) (name string) {
	list, _ := e.since(0)
	for _, ev := range list {
		if ev.Group == group && ev.Kind == candidate.Active {
			name = ev.Name
		}
	}
	return name
}

func (e *events) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.list)
}

// await waits for an event, from number n on.
func (e *events) await(ctx context.Context, n int, what string, is func(candidate.Event) bool) (candidate.Event, error) {
	for {
		list, changed := e.since(n)
		for _, ev := range list {
			if is(ev) {
				return ev, nil
			}
		}
		n += len(list)
		select {
		case <-changed:
		case <-ctx.Done():
			return candidate.Event{}, fmt.Errorf("%s did not come: %w", what, context.Cause(ctx))
		}
	}
}

// process is a program that the benchmark has started. It does not outlive the benchmark:
// the kernel kills it when the thread that started it is gone.
type process struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	gone  chan struct{}
	diary *tail
}

// spawn starts a program. Each line of its stdout, and of its stderr, is handed over.
func spawn(path string, args, env []string, stdout, stderr func(line string)) (*process, error) {
	p := &process{cmd: exec.Command(path, args...), gone: make(chan struct{}), diary: &tail{line: stderr}}
	p.cmd.Env = env
	p.cmd.Stderr = p.diary
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: unix.SIGKILL}
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stdout = w
	done := make(chan error)
	starter() <- func() { done <- p.cmd.Start() }
	err = <-done
	w.Close()
	if err != nil {
		r.Close()
		return nil, err
	}
	go func() { // a grandchild may write after the process has ended
		defer r.Close()
		lines := bufio.NewReader(r)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			stdout(strings.TrimSuffix(line, "\n"))
		}
	}()
	go func() {
		_ = p.cmd.Wait()
		close(p.gone)
	}()
	return p, nil
}

// starter is the thread that starts all processes. It lasts as long as the benchmark.
var starter = sync.OnceValue(func() chan func() {
	calls := make(chan func())
	go func() {
		runtime.LockOSThread()
		for call := range calls {
			call()
		}
	}()
	return calls
})

// startCandidates starts a program of candidates.
func startCandidates(path string, args, env []string, e *events) (*process, error) {
	return spawn(path, args, env, func(line string) {
		var ev candidate.Event
		if err := json.Unmarshal([]byte(line), &ev); err != nil {
			ev = candidate.Event{Kind: candidate.Failed, Error: line}
		}
		e.add(ev)
	}, nil)
}

// environ is the environment of this process without the settings of Understudy.
func environ(more ...string) (list []string) {
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "UNDERSTUDY_") {
			list = append(list, entry)
		}
	}
	return append(list, more...)
}

func (p *process) say(words ...string) { _, _ = fmt.Fprintln(p.in, strings.Join(words, " ")) }

func (p *process) signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

func (p *process) pid() int { return p.cmd.Process.Pid }

// stop lets the process end in order, for a while.
func (p *process) stop(patience time.Duration) {
	p.in.Close()
	select {
	case <-p.gone:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.gone
	}
}

// tail keeps the end of what a process wrote to stderr, to say why it ended.
type tail struct {
	mu   sync.Mutex
	line func(string)
	last string
	part string
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.part += string(p)
	for {
		line, rest, ok := strings.Cut(t.part, "\n")
		if !ok {
			return len(p), nil
		}
		t.part, t.last = rest, line
		if t.line != nil {
			t.line(line)
		}
	}
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// processorTime returns the processor time that processes have used so far. Those that are
// gone count nothing.
func processorTime(pids ...int) (sum time.Duration) {
	for _, pid := range pids {
		var used unix.Timespec
		if unix.ClockGettime(int32(^pid<<3|2), &used) == nil { // computed as clock_getcpuclockid does
			sum += time.Duration(used.Nano())
		}
	}
	return sum
}

// pss returns the memory of processes in bytes. Memory that several processes share is
// divided among them.
func pss(pids ...int) (sum int64, err error) {
	for _, pid := range pids {
		rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			return 0, err
		}
		_, after, _ := strings.Cut(string(rollup), "\nPss:")
		kb, err := strconv.ParseInt(strings.Fields(after + " x")[0], 10, 64)
		if err != nil {
			return 0, err
		}
		sum += kb << 10
	}
	return sum, nil
}

// children lists the processes below a process.
func children(pid int) (list []int) {
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, task := range tasks {
		data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, task.Name()))
		for _, field := range strings.Fields(string(data)) {
			if child, err := strconv.Atoi(field); err == nil {
				list = append(append(list, child), children(child)...)
			}
		}
	}
	return list
}
