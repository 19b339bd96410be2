//go:build linux

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
)

// enduring is for tests in which T does not pass. Its lease is longer than a busy machine
// stands still, and than a restart or an election takes.
var enduring = registry.Timing{Interval: 200 * time.Millisecond, OrphanAfter: time.Minute, StopGrace: time.Second}

// quick is for tests in which T passes. It is long enough for a busy machine: a request may
// take 1.4 s before it counts as failed.
var quick = registry.Timing{Interval: 150 * time.Millisecond, OrphanAfter: 8 * time.Second, StopGrace: time.Second}

// roomy is for those of them in which the work has to stop by itself when the lease ends: on
// a busy machine even that takes more than a second.
var roomy = registry.Timing{Interval: 150 * time.Millisecond, OrphanAfter: 9 * time.Second, StopGrace: 3 * time.Second}

// leisurely is for tests of who takes over: the senior candidate has a whole interval
// before others try.
var leisurely = registry.Timing{Interval: 3 * time.Second, OrphanAfter: 15 * time.Second, StopGrace: time.Second}

// group is a group of real instances, whose work leaves spans in a directory.
type group struct {
	*program
	at      place
	timing  registry.Timing
	env     []string
	command []string
	spans   string // directory
	members []*process
	killed  []*process // the members that could not shut down in order
}

func newGroup(t testing.TB, at place, timing registry.Timing, env ...string) *group {
	t.Helper()
	if err := timing.Check(); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	g := &group{
		program: newProgram(t), at: at, timing: timing, spans: t.TempDir(), command: []string{self},
	}
	g.env = append([]string{
		"UNDERSTUDY_REGISTRY=" + at.uri,
		"UNDERSTUDY_HEARTBEAT_INTERVAL=" + timing.Interval.String(),
		"UNDERSTUDY_ORPHAN_AFTER=" + timing.OrphanAfter.String(),
		"UNDERSTUDY_STOP_GRACE=" + timing.StopGrace.String(),
		testkit.EnvRole + "=spans", envSpans + "=" + g.spans, "escapee=yes",
	}, env...)
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		for _, m := range g.members {
			t.Logf("the log of %s:\n%s", m.name, m.read(m.log))
		}
		list, err := readSpans(g.spans)
		t.Logf("now %v, spans (%v): %v", boottime.Now(), err, list)
	})
	return g
}

// join starts an instance.
func (g *group) join(name string, env ...string) *process {
	g.t.Helper()
	return g.joinWith(name, append([]string{"--"}, g.command...), env...)
}

// joinWith starts an instance with these arguments.
func (g *group) joinWith(name string, args []string, env ...string) *process {
	g.t.Helper()
	m := g.start(name, append(append(slices.Clone(g.env), "UNDERSTUDY_HOST="+name), env...), args)
	g.members = append(g.members, m)
	return m
}

// joinAll starts instances one after another. The first one works and the others
// stand by when it returns.
func (g *group) joinAll(names ...string) (members []*process) {
	g.t.Helper()
	for i, name := range names {
		m := g.join(name)
		members = append(members, m)
		if i == 0 {
			g.work(1)
		} else {
			m.await("standing by for")
		}
	}
	return members
}

// work waits for the first sign of work in a term, or in a later one.
func (g *group) work(term int64) span {
	g.t.Helper()
	return g.workOf(term, 1)
}

// workOf is like work, and waits until the work has as many processes as given.
func (g *group) workOf(term int64, processes int) span {
	g.t.Helper()
	var found span
	testkit.Until(g.t, fmt.Sprintf("work in term %d", term), func() bool {
		if !g.begun(term) {
			return false
		}
		list, err := readSpans(g.spans)
		if err != nil {
			g.t.Fatal(err)
		}
		i := slices.IndexFunc(list, func(s span) bool { return s.term >= term && s.processes >= processes })
		if i >= 0 {
			found = list[i]
		}
		return i >= 0
	})
	return found
}

// begun reports whether a file of that term or a later one exists. It reads the names
// alone, because it is called often.
func (g *group) begun(term int64) bool {
	files, err := os.ReadDir(g.spans)
	return err == nil && slices.ContainsFunc(files, func(f os.DirEntry) bool {
		number, _, _ := strings.Cut(f.Name(), ".")
		n, err := strconv.ParseInt(number, 10, 64)
		return err == nil && n >= term
	})
}

// holder returns the member whose work a span is. It waits for its log, which may
// come later than the first sign of its work.
func (g *group) holder(s span) (holder *process) {
	g.t.Helper()
	testkit.Until(g.t, "a member to be "+s.instance, func() bool {
		i := slices.IndexFunc(g.members, func(m *process) bool { return m.logged(`"instance":"` + s.instance + `"`) })
		if i >= 0 {
			holder = g.members[i]
		}
		return i >= 0
	})
	return holder
}

// workers counts the living processes of the work.
func (g *group) workers() int { return len(marked(g.mark+"\x00")) - g.alive() }

// workersIn counts the living processes of the work in a term.
func (g *group) workersIn(term int64) (n int) {
	ours := marked(g.mark + "\x00")
	for _, pid := range marked(fmt.Sprintf("UNDERSTUDY_TERM=%d\x00", term)) {
		if slices.Contains(ours, pid) {
			n++
		}
	}
	return n
}

// alive counts the running members.
func (g *group) alive() (n int) {
	for _, m := range g.members {
		if m.running() {
			n++
		}
	}
	return n
}

// kill ends a member by SIGKILL and waits for its end. It returns the time at which
// the signal was sent.
func (g *group) kill(m *process) (sent time.Duration) {
	g.t.Helper()
	g.killed = append(g.killed, m)
	m.signal(unix.SIGKILL)
	sent = boottime.Now()
	m.exit()
	return sent
}

// guards returns the process ids of a member's guards.
func (g *group) guards(m *process) (pids []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", m.cmd.Process.Pid))
	for _, file := range files {
		data, _ := os.ReadFile(file)
		for _, field := range strings.Fields(string(data)) {
			comm, _ := os.ReadFile("/proc/" + field + "/comm")
			if pid, err := strconv.Atoi(field); err == nil && string(comm) == "work-guard\n" {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// lasts reports whether the work of a span has written since.
func (g *group) lasts(s span) bool {
	list, err := readSpans(g.spans)
	if err != nil {
		g.t.Fatal(err)
	}
	for _, later := range list {
		if later.term == s.term && later.instance == s.instance {
			return later.last > s.last
		}
	}
	return false
}

// stop stops the members that still run, and waits for the end of all.
func (g *group) stop() {
	g.t.Helper()
	for _, m := range g.members {
		if err := m.cmd.Process.Signal(unix.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			g.t.Error(err)
		}
	}
	for _, m := range g.members {
		if code := m.exit(); code != 0 && !slices.Contains(g.killed, m) {
			g.t.Errorf("%s ended with %d", m.name, code)
		}
	}
}

// conclude stops the members that still run, and checks what all members left behind.
func (g *group) conclude() []span {
	g.t.Helper()
	g.stop()
	list := g.check()
	terms := g.unregistered()
	for i, t := range terms {
		if want := int64(len(terms) - i); t.Number != want {
			g.t.Errorf("the registry has term %d, want %d", t.Number, want)
		}
	}
	if len(terms) == 0 || terms[0].Open() && !g.unanswered(g.holder(span{instance: terms[0].Holder.String()})) {
		g.t.Errorf("the latest term did not end: %v", terms)
	}
	return list
}

// unregistered checks that members which shut down in order are not registered any
// more. A registration that its owner never learned of may stay until it is an orphan
// and others delete it.
func (g *group) unregistered() []registry.Term {
	g.t.Helper()
	terms, instances := g.at.state(g.t, "default")
	for _, in := range instances {
		for _, m := range g.members {
			if !slices.Contains(g.killed, m) && m.logged("registered as "+in.ID.String()) && !g.unanswered(m) {
				g.t.Errorf("instance %s of %s is still registered", in.ID, m.name)
			}
		}
	}
	return terms
}

// unanswered reports whether a member logged that it had to end without an answer of
// the registry. It may do so on a machine whose disk stands still for longer than a
// request may take.
func (g *group) unanswered(m *process) bool {
	ended := m.logged("registry does not answer: the term stays open") || m.logged("registry does not answer: this registration stays")
	if ended {
		g.t.Logf("%s had to end without an answer of the registry", m.name)
	}
	return ended
}

// check checks the spans, the logs, and that no process is left.
func (g *group) check() []span {
	g.t.Helper()
	g.checkProcesses()
	list, err := readSpans(g.spans)
	if err != nil {
		g.t.Fatal(err)
	}
	if err := checkSpans(list); err != nil {
		g.t.Error(err)
	}
	for _, m := range g.members {
		if out := m.read(m.out); out != "" {
			g.t.Errorf("%s wrote something of its own to stdout: %q", m.name, out)
		}
	}
	return list
}

// checkProcesses checks the logs, and that no process is left.
func (g *group) checkProcesses() {
	g.t.Helper()
	// A process that was killed may need a moment to go.
	testkit.Until(g.t, "no process to be left", func() bool { return len(g.left()) == 0 })
	for _, m := range g.members {
		if m.logged("panic:") || m.logged("goroutine ") {
			g.t.Errorf("%s panicked", m.name)
		}
		for line := range strings.Lines(m.read(m.log)) {
			var fields struct {
				Instance, Group, Role *string
				Term                  *int64
			}
			if err := json.Unmarshal([]byte(line), &fields); err == nil &&
				(fields.Instance == nil || fields.Group == nil || fields.Role == nil || fields.Term == nil) {
				g.t.Errorf("a line of the log of %s does not say which instance wrote it: %s", m.name, line)
			}
		}
	}
}
