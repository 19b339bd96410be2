package logging

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/signals"
	"github.com/understudy-go/understudy/internal/testkit"
)

// gate is a reader who does not read until it is opened.
type gate struct {
	testkit.LogBuffer
	open chan struct{}
}

func newGate() *gate { return &gate{open: make(chan struct{})} }

func (g *gate) Write(p []byte) (int, error) {
	<-g.open
	return g.LogBuffer.Write(p)
}

// messages are those of a log in JSON.
func messages(t *testing.T, log string) (list []string) {
	t.Helper()
	for line := range strings.Lines(log) {
		var l struct{ Message string }
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Errorf("%v: %q", err, line)
		}
		list = append(list, l.Message)
	}
	return list
}

// inBubble runs a test on a clock that no stall of this machine moves. No
// goroutine outlives it.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	signals.IgnorePipe()() // from the first time on, a goroutine of package signal waits for ever
	synctest.Test(t, test)
}

func TestQueue_BlocksNobodyAndTellsHowMuchWasLost(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newGate()
		q := NewQueue(g)
		const who = `"instance":"x","group":"g","role":"active","term":3`
		log := New(q, "", config.LogAuto).With().Str("instance", "x").Str("group", "g").Str("role", "active").Int64("term", 3).Logger()
		say := func(from, to int) {
			for i := from; i < to; i++ {
				log.Info().Msg(fmt.Sprint(i))
			}
		}
		log.Info().Msg("first")
		synctest.Wait() // the first line waits for its reader
		say(0, maxLines+7)
		q.Flush() // in vain
		close(g.open)
		synctest.Wait()
		say(maxLines+7, maxLines+9)
		q.Flush()

		want := []string{"first"}
		for i := range maxLines {
			want = append(want, fmt.Sprint(i))
		}
		want = append(want, "7 lines of the log were lost: stderr was not read", fmt.Sprint(maxLines+7), fmt.Sprint(maxLines+8))
		if got := messages(t, g.String()); !slices.Equal(got, want) {
			t.Errorf("%d lines, want %d: %.200q … %q", len(got), len(want), got, got[max(0, len(got)-4):])
		}
		for line := range strings.Lines(g.String()) {
			if !strings.Contains(line, who) {
				t.Errorf("a line does not say who wrote it: %s", line)
			}
		}
	})
}

func TestQueue_TellsPeopleHowMuchWasLost(t *testing.T) {
	g := newGate()
	q := NewQueue(g)
	log := New(q, "", config.LogConsole)
	for range maxLines + 10 {
		log.Info().Msg("a line")
	}
	close(g.open)
	testkit.Until(t, "all to be read", func() bool { return strings.Contains(g.String(), "lost") })
	lines := strings.Split(strings.TrimSuffix(g.String(), "\n"), "\n")
	if last := lines[len(lines)-1]; !strings.Contains(last, "WARN") || !strings.Contains(last, "lines of the log were lost") {
		t.Errorf("the last line is %q", last)
	}
}

// slowWriter takes its time for each write.
type slowWriter struct{ io.Writer }

func (w slowWriter) Write(p []byte) (int, error) {
	time.Sleep(20 * time.Millisecond)
	return w.Writer.Write(p)
}

func TestQueue_FatalLineIsWrittenBeforeTheExit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var out testkit.LogBuffer
		q := NewQueue(slowWriter{&out})
		log := New(q, "", config.LogAuto)
		log.Error().Msg("the work does not stop")
		log.WithLevel(zerolog.FatalLevel).Msg("exiting at once")
		if got := messages(t, out.String()); !slices.Equal(got, []string{"the work does not stop", "exiting at once"}) {
			t.Errorf("out is %q", got)
		}
	})
}

func TestQueue_WriteComesAfterTheLog(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var out testkit.LogBuffer
		q := NewQueue(slowWriter{&out})
		log := New(q, "", config.LogAuto)
		log.Info().Msg("of the log")
		fmt.Fprint(q, "two\nlines\n")
		if got := out.String(); !strings.HasPrefix(got, "{") || !strings.HasSuffix(got, "\"of the log\"}\ntwo\nlines\n") {
			t.Errorf("out is %q", got)
		}
	})
}
