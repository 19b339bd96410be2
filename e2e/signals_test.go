//go:build linux

package e2e

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
)

func TestLog_ClosedEndsNothing(t *testing.T) {
	t.Parallel()
	p, at := newProgram(t), onSQLite(t)
	fifo := filepath.Join(t.TempDir(), "log")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	ps := p.start("unread", []string{"UNDERSTUDY_REGISTRY=" + at.uri}, nil, shell("exec "+p.path+" 2>"+fifo))
	r, err := os.Open(fifo)
	if err != nil {
		t.Fatal(err)
	}
	for in := bufio.NewScanner(r); in.Scan() && !strings.Contains(in.Text(), "tick 1"); {
	}
	r.Close() // from here on each line that is logged causes a SIGPIPE
	ps.signal(syscall.SIGTERM)
	if code := ps.exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	terms, instances := at.state(t, "default")
	if len(terms) != 1 || terms[0].End.Reason != registry.Stopped || len(instances) != 0 {
		t.Errorf("left %v and %v", terms, instances)
	}
}

func TestSignals_NohupIgnoresSIGHUP(t *testing.T) {
	t.Parallel()
	p, at := newProgram(t), onSQLite(t)
	ps := p.start("nohup", []string{"UNDERSTUDY_REGISTRY=" + at.uri}, nil, shell(`trap "" HUP; exec `+p.path))
	ps.await("active in term 1")
	ps.signal(syscall.SIGHUP)
	ps.signal(syscall.SIGTERM)
	if code := ps.exit(); code != 0 || ps.logged("hangup") || !ps.logged("terminated") {
		t.Errorf("exit code %d\n%s", code, ps.read(ps.log))
	}
}

// SIGQUIT is the STOPSIGNAL of many images, and what Ctrl-\ of a terminal sends.
func TestSignals_SIGQUITStopsInOrder(t *testing.T) {
	t.Parallel()
	p, at := newProgram(t), onSQLite(t)
	ps := p.start("quit", []string{"UNDERSTUDY_REGISTRY=" + at.uri}, []string{"--", "sh", "-c",
		`trap 'kill $!; echo stopping >&2; exit' TERM; echo begun >&2; sleep 1000 & wait`})
	ps.await("begun\n")
	ps.signal(syscall.SIGQUIT)
	if code := ps.exit(); code != 0 || !ps.logged("stopping\n") || ps.logged("goroutine ") {
		t.Errorf("exit code %d\n%s", code, ps.read(ps.log))
	}
	terms, instances := at.state(t, "default")
	if len(terms) != 1 || terms[0].End.Reason != registry.Stopped || len(instances) != 0 {
		t.Errorf("left %v and %v", terms, instances)
	}
}

// The watchdog of systemd sends SIGABRT to all processes of a unit. The instance then
// prints its goroutines. Its guard, which gets the signal too, lives on to kill the
// command.
func TestSignals_SIGABRTShowsWhereTheProgramIs(t *testing.T) {
	t.Parallel()
	g := newGroup(t, onSQLite(t), enduring)
	a := g.joinAll("a")[0]
	g.workOf(1, 2)
	a.signal(syscall.SIGSTOP) // a reason why the watchdog would not be notified
	for _, guard := range g.guards(a) {
		if err := unix.Kill(guard, syscall.SIGABRT); err != nil {
			t.Fatal(err)
		}
	}
	a.signal(syscall.SIGABRT)
	a.signal(syscall.SIGCONT)
	if code := a.exit(); code != 2 || !a.logged("SIGABRT: abort") || !a.logged("goroutine ") {
		t.Errorf("exit code %d\n%s", code, a.read(a.log))
	}
	testkit.Until(t, "nothing to be left", func() bool { return len(g.left()) == 0 })
}

// The program timeout signals a process and then its group, and an instance can be gone in
// between: what comes after its last word must not look like the end by a signal.
func TestSignals_ManyOfOneOrderAreOneOrder(t *testing.T) {
	t.Parallel()
	p, at := newProgram(t), onSQLite(t)
	for i := range 10 {
		ps := p.start(fmt.Sprintf("many-%d", i), []string{"UNDERSTUDY_REGISTRY=" + at.uri}, nil)
		ps.await("active in term")
		for ended := false; !ended; {
			_ = ps.cmd.Process.Signal(syscall.SIGTERM) // it may be gone
			select {
			case <-ps.done:
				ended = true
			default:
			}
		}
		if code := ps.exit(); code != 0 {
			t.Fatalf("exit code %d\n%s", code, ps.read(ps.log))
		}
	}
}

func TestSignals_InterruptedAtTheStart(t *testing.T) {
	t.Parallel()
	p, at := newProgram(t), onSQLite(t)
	for i := range 30 {
		ps := p.start(fmt.Sprintf("start-%d", i), []string{"UNDERSTUDY_REGISTRY=" + at.uri}, nil)
		time.Sleep(time.Duration(i) * 1500 * time.Microsecond) // at different moments of the start
		ps.signal(syscall.SIGINT)
		_ = ps.exit()
		ended := ps.cmd.ProcessState.Sys().(syscall.WaitStatus)
		if early := ended.Signaled() && ended.Signal() == syscall.SIGINT; !early && ended.ExitStatus() != 0 {
			t.Errorf("%v after its start: %v\n%s", time.Duration(i)*1500*time.Microsecond, ps.cmd.ProcessState, ps.read(ps.log))
		}
	}
	if _, instances := at.state(t, "default"); len(instances) != 0 {
		t.Errorf("left %v", instances)
	}
}
