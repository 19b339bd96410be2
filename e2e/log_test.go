//go:build linux

package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
)

// pipe is a log that holds one page, and that nobody reads unless the test does.
type pipe struct {
	t    *testing.T
	path string
	*os.File
}

func newPipe(t *testing.T) pipe {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0) // open for both directions, so that no open waits for the other side
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, 4096); err != nil {
		t.Fatal(err)
	}
	p := pipe{t, path, os.NewFile(uintptr(fd), path)}
	t.Cleanup(func() { p.Close() })
	return p
}

// await reads the log until it finds a text.
func (p pipe) await(text string) {
	p.t.Helper()
	if err := p.SetReadDeadline(time.Now().Add(testkit.Patience)); err != nil {
		p.t.Fatal(err)
	}
	for in := bufio.NewScanner(p); in.Scan(); {
		if strings.Contains(in.Text(), text) {
			return
		}
	}
	p.t.Fatalf("no %q in the log", text)
}

// fill fills the pipe, so that every writer waits for a reader.
func (p pipe) fill() {
	p.t.Helper()
	raw, err := p.SyscallConn()
	if err != nil {
		p.t.Fatal(err)
	}
	var full error
	err = raw.Write(func(fd uintptr) bool {
		for full == nil {
			_, full = unix.Write(int(fd), []byte("\n"))
		}
		return true
	})
	if err != nil || !errors.Is(full, unix.EAGAIN) {
		p.t.Fatal(err, full)
	}
}

// startUnread starts an instance whose log is a pipe.
func (g *group) startUnread(name string, log pipe) *process {
	g.t.Helper()
	return g.start(name, g.env, nil, shell(fmt.Sprintf("exec %s -- %s 2>%s", g.path, strings.Join(g.command, " "), log.path)))
}

func TestLog_UnreadStopsNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	starts, end := filepath.Join(dir, "starts"), filepath.Join(dir, "end")
	g := newGroup(t, onSQLite(t), enduring)
	g.command = []string{testkit.Script(t, "echo $UNDERSTUDY_TERM >>"+starts+"\nuntil rm "+end+"; do sleep 0.02; done 2>/dev/null\nexit 1")}
	started := func(what string, terms ...string) {
		t.Helper()
		testkit.Until(t, what, func() bool { return slices.Equal(testkit.FileLines(t, starts), terms) })
	}

	logA, logB := newPipe(t), newPipe(t)
	a := g.startUnread("a", logA)
	started("a's work", "1")
	b := g.startUnread("b", logB)
	logB.await("standing by")
	logA.fill()
	logB.fill()
	if err := os.WriteFile(end, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	started("a's work to be started again", "1", "1")
	a.signal(unix.SIGTERM)
	if code := a.exit(); code != 0 {
		t.Errorf("a ended with %d", code)
	}
	testkit.Until(t, "b's work", func() bool { return slices.Contains(testkit.FileLines(t, starts), "2") })
	b.signal(unix.SIGTERM)
	if code := b.exit(); code != 0 {
		t.Errorf("b ended with %d", code)
	}
	terms, instances := g.at.state(t, "default")
	if len(terms) != 2 || terms[0].End.Reason != registry.Stopped || terms[1].End.Reason != registry.Stopped || len(instances) != 0 {
		t.Errorf("left %v and %v", terms, instances)
	}
}

func TestLog_UnreadDelaysNoSecondSignal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	started, stopping := filepath.Join(dir, "started"), filepath.Join(dir, "stopping")
	g := newGroup(t, onSQLite(t), registry.Timing{Interval: enduring.Interval, OrphanAfter: 3 * testkit.Patience, StopGrace: 2 * testkit.Patience})
	g.command = []string{testkit.Script(t, "exec 2>/dev/null\ntrap 'touch "+stopping+"' TERM\ntouch "+started+"\nwhile :; do sleep 0.02; done")}
	there := func(file string) func() bool {
		return func() bool {
			_, err := os.Stat(file)
			return err == nil
		}
	}
	log := newPipe(t)
	ps := g.startUnread("unread", log)
	testkit.Until(t, "the work", there(started))
	log.fill()
	ps.signal(unix.SIGTERM)
	testkit.Until(t, "the work to get SIGTERM", there(stopping))
	ps.signalAgain(unix.SIGTERM)
	if code := ps.exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// When the log is read again, it has whole lines, the last one included.
func TestLog_UnreadIsReadLater(t *testing.T) {
	t.Parallel()
	g := newGroup(t, onSQLite(t), enduring, "UNDERSTUDY_LOG_LEVEL=debug", "escapee=")
	log := newPipe(t)
	ps := g.startUnread("unread", log)
	log.await("command started")
	log.fill()
	reg := g.at.open(t)
	beat := func() int64 {
		instances, _, err := reg.Instances(t.Context(), "default")
		if err != nil || len(instances) != 1 {
			t.Fatalf("want one instance, have %v, %v", instances, err)
		}
		return instances[0].Beat
	}
	enough := beat() + 10
	testkit.Until(t, "ten beats", func() bool { return beat() >= enough })
	ps.signal(unix.SIGTERM)
	lines := 0
	for in := bufio.NewScanner(log); in.Scan(); {
		line := in.Text()
		if line == "" {
			continue
		}
		if !json.Valid(in.Bytes()) {
			t.Errorf("not a line: %s", line)
		}
		if lines++; strings.Contains(line, `"message":"left"`) {
			break
		}
	}
	if lines < 10 {
		t.Errorf("%d lines", lines)
	}
	if code := ps.exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestLog_ClosedKeepsTheExitCode(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	for want, tt := range map[int]struct{ args, env string }{
		exitUsage:       {"nonsense", ""},
		exitUnavailable: {"", "UNDERSTUDY_REGISTRY=sqlite:/proc/registry.db"},
		exitConfig:      {"status", "UNDERSTUDY_GROUP=no way"},
		exitNotFound:    {"-- /none", "UNDERSTUDY_REGISTRY=sqlite:" + filepath.Join(t.TempDir(), "registry.db")},
	} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		ps := p.start(fmt.Sprint(want), []string{tt.env}, nil, shell("exec "+p.path+" "+tt.args+" 2>&3"), func(cmd *exec.Cmd) {
			cmd.ExtraFiles = []*os.File{w}
		})
		w.Close()
		if code := ps.exit(); code != want {
			t.Errorf("%q with %q: exit code %d, want %d", tt.args, tt.env, code, want)
		}
	}
}
