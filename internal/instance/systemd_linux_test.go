package instance

import (
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/internal/testkit"
)

func yes() bool { return true }

func TestNotifier_TellsTheRole(t *testing.T) {
	m := testkit.NewSystemd(t, testkit.SocketPath(t)).Listen()
	t.Setenv("NOTIFY_SOCKET", m.Path)
	t.Setenv("WATCHDOG_USEC", "")
	n := newNotifier(zerolog.Nop())
	n.start(t.Context(), yes)
	n.beat(net.ErrClosed)
	n.role(heartbeat.Change{Role: "active", Term: 1, Reason: heartbeat.Promoted}) // shows that READY is not sent before the registration
	m.Await("STATUS=active in term 1")
	n.beat(nil)
	m.Await("STATUS=passive, standing by")
	n.role(heartbeat.Change{Role: "active", Term: 3, Reason: heartbeat.Promoted})
	m.Await("STATUS=active in term 3")
	n.beat(nil)
	n.role(heartbeat.Change{Role: "passive", Term: 3, Reason: "lease lost"})
	testkit.Until(t, "systemd to receive the role again", func() bool { return m.Count("STATUS=passive, standing by") == 2 })
	n.stopping()
	m.Await("STATUS=stopping")
	n.role(heartbeat.Change{Role: "passive", Term: 4, Reason: "stopped"})
	n.close()
	want := []string{
		"STATUS=active in term 1", "READY=1", "STATUS=passive, standing by", "STATUS=active in term 3", "STATUS=passive, standing by",
		"STOPPING=1", "STATUS=stopping",
	}
	if got := m.Lines(); !slices.Equal(got, want) {
		t.Errorf("systemd received %q, want %q", got, want)
	}
}

func TestNotifier_TellsTheWatchdogWhileTheLoopTurns(t *testing.T) {
	m := testkit.NewSystemd(t, testkit.SocketPath(t)).Listen()
	t.Setenv("NOTIFY_SOCKET", m.Path)
	t.Setenv("WATCHDOG_USEC", "20000")
	log := new(testkit.LogBuffer)
	n := newNotifier(zerolog.New(log))
	var turns atomic.Bool
	var checks, fine atomic.Int64
	turns.Store(true)
	n.start(t.Context(), func() bool {
		checks.Add(1)
		well := turns.Load()
		if well {
			fine.Add(1)
		}
		return well
	})
	told := func() int { return m.Count("WATCHDOG=1") }
	testkit.Until(t, "the watchdog to be told", func() bool { return told() > 2 })
	turns.Store(false)
	checked := checks.Load()
	testkit.Until(t, "ten checks", func() bool { return checks.Load() > checked+10 })
	before := fine.Load()
	turns.Store(true)
	testkit.Until(t, "the watchdog to be told again", func() bool { return int64(told()) > before+2 })
	n.close()
	m.Await("STOPPING=1") // all messages before have been received
	if said, found := int64(told()), fine.Load(); said > found {
		t.Errorf("the watchdog was told %d times that the loop turns, which it did at %d checks", said, found)
	}
	if strings.Count(log.String(), "the loop of this instance does not run") != 1 {
		t.Errorf("want one line that says so:\n%s", log)
	}
}

func TestNotifier_IgnoresAWatchdogThatIsNotItsOwn(t *testing.T) {
	m := testkit.NewSystemd(t, testkit.SocketPath(t)).Listen()
	t.Setenv("NOTIFY_SOCKET", m.Path)
	for _, tt := range []struct {
		usec, pid string
		warns     bool
	}{
		{"1000", "1", false},
		{"", "", false},
		{"soon", "", true},
		{"-1", "", true},
		{"99999999999999999999", "", true},
		{"1000", "me", true},
	} {
		t.Setenv("WATCHDOG_USEC", tt.usec)
		t.Setenv("WATCHDOG_PID", tt.pid)
		log := new(testkit.LogBuffer)
		n := newNotifier(zerolog.New(log))
		n.start(t.Context(), yes)
		n.close()
		if n.every != 0 || (log.String() != "") != tt.warns {
			t.Errorf("WATCHDOG_USEC=%s WATCHDOG_PID=%s: told every %v, the log %q", tt.usec, tt.pid, n.every, log)
		}
	}
	t.Setenv("WATCHDOG_USEC", "9223372036854775807") // more than a time.Duration holds
	t.Setenv("WATCHDOG_PID", "")
	n := newNotifier(zerolog.Nop())
	n.start(t.Context(), yes)
	n.close()
	if n.every <= 0 {
		t.Errorf("told every %v", n.every)
	}
}

func TestNotifier_DoesNothingWhereNobodyListens(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	t.Setenv("WATCHDOG_USEC", "1000")
	n := newNotifier(zerolog.Nop())
	n.beat(nil)
	n.start(t.Context(), yes)
	n.ready()
	n.role(heartbeat.Change{})
	n.stopping()
	n.close()
}

func TestNotifier_SendsAgainWhatCouldNotBeSent(t *testing.T) {
	path := testkit.SocketPath(t)
	_ = testkit.NewSystemd(t, path).Conn.Close() // the file stays, and nobody listens
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "")
	log := new(testkit.LogBuffer)
	n := newNotifier(zerolog.New(log))
	n.start(t.Context(), yes)
	defer n.close()
	n.beat(nil)
	n.role(heartbeat.Change{Role: "active", Term: 3, Reason: heartbeat.Promoted})
	testkit.Until(t, "a failure", func() bool { return strings.Contains(log.String(), "cannot send the state") })
	m := testkit.NewSystemd(t, path+"2").Listen()
	if err := os.Rename(m.Path, path); err != nil { // at no moment is there no file
		t.Fatal(err)
	}
	m.Await("READY=1")
	m.Await("STATUS=active in term 3")
}

func TestNotifier_SendsNothingAgainThatIsOutdated(t *testing.T) {
	n := &notifier{lines: []string{"STOPPING=1"}, status: "stopping"}
	n.keep([]string{"READY=1", "WATCHDOG=1"}, "active in term 3")
	if want := []string{"READY=1", "STOPPING=1"}; !slices.Equal(n.lines, want) || n.status != "stopping" {
		t.Errorf("to be sent: %q and %q, want %q and the status of now", n.lines, n.status, want)
	}
}

func TestNotifier_NeverBlocks(t *testing.T) {
	for _, tt := range []struct {
		name  string
		warns int
	}{{"gone", 1}, {"not reading", 0}} {
		t.Run(tt.name, func(t *testing.T) {
			path := testkit.SocketPath(t)
			if tt.name == "not reading" {
				_ = testkit.NewSystemd(t, path).Conn.SetReadBuffer(1)
			}
			t.Setenv("NOTIFY_SOCKET", path)
			t.Setenv("WATCHDOG_USEC", "2000")
			log := new(testkit.LogBuffer)
			n := newNotifier(zerolog.New(log))
			n.start(t.Context(), yes)
			for range 1000 {
				n.role(heartbeat.Change{Role: "active", Term: 1})
				time.Sleep(10 * time.Microsecond)
			}
			begin := time.Now()
			n.close()
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("close took %v", took)
			}
			if got := strings.Count(log.String(), "cannot send the state"); got != tt.warns {
				t.Errorf("%d warnings, want %d:\n%s", got, tt.warns, log)
			}
		})
	}
}
