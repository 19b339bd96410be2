package instance

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/internal/testkit"
)

// The time that systemd gives an instance to stop does not run out while its work drains.
func TestNotifier_AsksForTimeWhileTheWorkOfAStoppingInstanceDrains(t *testing.T) {
	m := testkit.NewSystemd(t, testkit.SocketPath(t)).Listen()
	t.Setenv("NOTIFY_SOCKET", m.Path)
	t.Setenv("WATCHDOG_USEC", "")
	n := newNotifier(zerolog.Nop())
	var drains, asked atomic.Bool
	n.drains(func() bool { asked.Store(true); return drains.Load() }, 29*time.Second)
	ctx, stop := context.WithCancel(t.Context())
	n.start(ctx, yes)
	n.beat(nil)
	n.role(heartbeat.Change{Role: "active", Term: 1, Reason: heartbeat.Promoted})
	drains.Store(true) // for a handover
	m.Await("STATUS=active in term 1")
	n.extend()
	if asked.Load() {
		t.Error("asks for time although nobody stops it")
	}
	const line = extendTimeout + "39000000"
	stop()
	testkit.Until(t, "systemd to be asked for time twice", func() bool { return m.Count(line) >= 2 })
	drains.Store(false)
	testkit.Until(t, "the status to follow", func() bool { return m.Count("STATUS=stopping") == 2 })
	n.close()
	lines := slices.Compact(slices.DeleteFunc(m.Lines(), func(l string) bool { return strings.HasPrefix(l, "STATUS=passive") }))
	first := slices.Index(lines, line)
	if first < 0 || !slices.Contains(lines[:first], "STOPPING=1") || !slices.Contains(lines, "STATUS=stopping, once the work has finished") || lines[len(lines)-1] != "STATUS=stopping" {
		t.Errorf("systemd received %q", lines)
	}
}

func TestNotifier_KeepsNoMessageThatAsksForTime(t *testing.T) {
	n := &notifier{}
	n.keep([]string{"READY=1", extendTimeout + "1"}, "")
	if want := []string{"READY=1"}; !slices.Equal(n.lines, want) {
		t.Errorf("kept %q, want %q", n.lines, want)
	}
}
