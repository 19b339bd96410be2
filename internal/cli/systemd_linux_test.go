package cli

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

func TestNotifierSaysHowThisInstanceIs(t *testing.T) {
	m := testkit.NewSystemd(t, testkit.SocketPath(t)).Listen()
	t.Setenv("NOTIFY_SOCKET", m.Path)
	t.Setenv("WATCHDOG_USEC", "")
	n := newNotifier()
	n.start(t.Context(), zerolog.Nop(), yes)
	n.beat(net.ErrClosed)
	n.role(heartbeat.Change{Role: "active", Term: 1, Reason: heartbeat.Promoted}) // only to see it pass
	m.Await("STATUS=active in term 1")
	n.beat(nil)
	m.Await("STATUS=passive, standing by")
	n.role(heartbeat.Change{Role: "active", Term: 3, Reason: heartbeat.Promoted})
	m.Await("STATUS=active in term 3")
	n.beat(nil)
	n.role(heartbeat.Change{Role: "passive", Term: 3, Reason: "lease lost"})
	testkit.Until(t, "systemd to hear the role again", func() bool { return m.Count("STATUS=passive, standing by") == 2 })
	n.stopping()
	m.Await("STATUS=stopping")
	n.role(heartbeat.Change{Role: "passive", Term: 4, Reason: "stopped"})
	n.close()
	want := []string{
		"STATUS=active in term 1", "READY=1", "STATUS=passive, standing by", "STATUS=active in term 3", "STATUS=passive, standing by",
		"STOPPING=1", "STATUS=stopping",
	}
	if got := m.Lines(); !slices.Equal(got, want) {
		t.Errorf("systemd heard %q, want %q", got, want)
	}
}

func TestWatchdogIsToldOnlyWhileTheLoopTurns(t *testing.T) {
	m := testkit.NewSystemd(t, testkit.SocketPath(t)).Listen()
	t.Setenv("NOTIFY_SOCKET", m.Path)
	t.Setenv("WATCHDOG_USEC", "20000")
	n := newNotifier()
	var turns atomic.Bool
	var looks, fine atomic.Int64
	turns.Store(true)
	log := new(testkit.LogBuffer)
	n.start(t.Context(), zerolog.New(log), func() bool {
		looks.Add(1)
		well := turns.Load()
		if well {
			fine.Add(1)
		}
		return well
	})
	told := func() int { return m.Count("WATCHDOG=1") }
	testkit.Until(t, "the watchdog to be told", func() bool { return told() > 2 })
	turns.Store(false)
	looked := looks.Load()
	testkit.Until(t, "ten looks", func() bool { return looks.Load() > looked+10 })
	before := fine.Load()
	turns.Store(true)
	testkit.Until(t, "the watchdog to be told again", func() bool { return int64(told()) > before+2 })
	n.close()
	m.Await("STOPPING=1") // all that was said before has been heard
	if said, found := int64(told()), fine.Load(); said > found {
		t.Errorf("the watchdog was told %d times that the loop turns, which it did at %d looks", said, found)
	}
	if strings.Count(log.String(), "the loop stands still") != 1 {
		t.Errorf("want one line that says so:\n%s", log)
	}
}

func TestWatchdogThatIsNotOursOrNonsense(t *testing.T) {
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
		n, log := newNotifier(), new(testkit.LogBuffer)
		n.start(t.Context(), zerolog.New(log), yes)
		n.close()
		if n.every != 0 || (log.String() != "") != tt.warns {
			t.Errorf("WATCHDOG_USEC=%s WATCHDOG_PID=%s: told every %v, the log %q", tt.usec, tt.pid, n.every, log)
		}
	}
	t.Setenv("WATCHDOG_USEC", "9223372036854775807") // more than a time.Duration holds
	t.Setenv("WATCHDOG_PID", "")
	n := newNotifier()
	n.start(t.Context(), zerolog.Nop(), yes)
	n.close()
	if n.every <= 0 {
		t.Errorf("told every %v", n.every)
	}
}

func TestNobodyListens(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	t.Setenv("WATCHDOG_USEC", "1000")
	n := newNotifier()
	n.beat(nil)
	n.start(t.Context(), zerolog.Nop(), yes)
	n.ready()
	n.role(heartbeat.Change{})
	n.stopping()
	n.close()
}

func TestWhatCouldNotBeSaidIsSaidLater(t *testing.T) {
	path := testkit.SocketPath(t)
	_ = testkit.NewSystemd(t, path).Conn.Close() // the file stays, and refuses
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "")
	n, log := newNotifier(), new(testkit.LogBuffer)
	n.start(t.Context(), zerolog.New(log), yes)
	defer n.close()
	n.beat(nil)
	n.role(heartbeat.Change{Role: "active", Term: 3, Reason: heartbeat.Promoted})
	testkit.Until(t, "a failure", func() bool { return strings.Contains(log.String(), "can't be told") })
	m := testkit.NewSystemd(t, path+"2").Listen()
	if err := os.Rename(m.Path, path); err != nil { // it is never missing
		t.Fatal(err)
	}
	m.Await("READY=1")
	m.Await("STATUS=active in term 3")
}

func TestOnlyWhatIsStillTrueIsSaidLater(t *testing.T) {
	n := &notifier{lines: []string{"STOPPING=1"}, status: "stopping"}
	n.keep([]string{"READY=1", "WATCHDOG=1"}, "active in term 3")
	if want := []string{"READY=1", "STOPPING=1"}; !slices.Equal(n.lines, want) || n.status != "stopping" {
		t.Errorf("to be said: %q and %q, want %q and the status of now", n.lines, n.status, want)
	}
}

func TestDeadOrDeafManagerHoldsNothingUp(t *testing.T) {
	for _, tt := range []struct {
		name  string
		warns int
	}{{"dead", 1}, {"deaf", 0}} {
		t.Run(tt.name, func(t *testing.T) {
			path := testkit.SocketPath(t)
			if tt.name == "deaf" {
				_ = testkit.NewSystemd(t, path).Conn.SetReadBuffer(1)
			}
			t.Setenv("NOTIFY_SOCKET", path)
			t.Setenv("WATCHDOG_USEC", "2000")
			n, log := newNotifier(), new(testkit.LogBuffer)
			n.start(t.Context(), zerolog.New(log), yes)
			for range 1000 {
				n.role(heartbeat.Change{Role: "active", Term: 1})
				time.Sleep(10 * time.Microsecond)
			}
			begin := time.Now()
			n.close()
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("close took %v", took)
			}
			if got := strings.Count(log.String(), "can't be told"); got != tt.warns {
				t.Errorf("%d warnings, want %d:\n%s", got, tt.warns, log)
			}
		})
	}
}
