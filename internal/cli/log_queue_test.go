package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/understudy-go/understudy/config"
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
	catchPipe()() // from the first time on, a goroutine of package signal waits for ever
	synctest.Test(t, test)
}

func TestLogIsNotWaitedForAndSaysWhatWasLost(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		g := newGate()
		q := &logQueue{stderr: g}
		const who = `"instance":"x","group":"g","role":"active","term":3`
		log := newLogger(config.Config{}, q).With().Str("instance", "x").Str("group", "g").Str("role", "active").Int64("term", 3).Logger()
		say := func(from, to int) {
			for i := from; i < to; i++ {
				log.Info().Msg(fmt.Sprint(i))
			}
		}
		log.Info().Msg("first")
		synctest.Wait() // the first line waits for its reader
		say(0, logLines+7)
		q.flush() // in vain
		close(g.open)
		synctest.Wait()
		say(logLines+7, logLines+9)
		q.flush()

		want := []string{"first"}
		for i := range logLines {
			want = append(want, fmt.Sprint(i))
		}
		want = append(want, "7 lines of the log were lost: stderr was not read", fmt.Sprint(logLines+7), fmt.Sprint(logLines+8))
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

func TestWhatIsLostIsSaidToPeopleToo(t *testing.T) {
	g := newGate()
	q := &logQueue{stderr: g}
	log := newLogger(config.Config{LogFormat: config.LogConsole}, q)
	for range logLines + 10 {
		log.Info().Msg("a line")
	}
	close(g.open)
	testkit.Until(t, "all to be read", func() bool { return strings.Contains(g.String(), "lost") })
	lines := strings.Split(strings.TrimSuffix(g.String(), "\n"), "\n")
	if last := lines[len(lines)-1]; !strings.Contains(last, "WARN") || !strings.Contains(last, "lines of the log were lost") {
		t.Errorf("the last line is %q", last)
	}
}

// slowly takes its time for each write.
type slowly struct{ io.Writer }

func (w slowly) Write(p []byte) (int, error) {
	time.Sleep(20 * time.Millisecond)
	return w.Writer.Write(p)
}

func TestLastWordsAreOutBeforeTheExit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var out testkit.LogBuffer
		q := &logQueue{stderr: slowly{&out}}
		log := newLogger(config.Config{}, q)
		log.Error().Msg("the work does not stop")
		log.WithLevel(zerolog.FatalLevel).Msg("exiting at once")
		if got := messages(t, out.String()); !slices.Equal(got, []string{"the work does not stop", "exiting at once"}) {
			t.Errorf("out is %q", got)
		}
	})
}

func TestWhatIsSaidDirectlyComesAfterTheLog(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var out testkit.LogBuffer
		q := &logQueue{stderr: slowly{&out}}
		log := newLogger(config.Config{}, q)
		log.Info().Msg("of the log")
		if code := exitCode(errors.New("two\nlines"), q); code != exitFailure {
			t.Errorf("exit code %d", code)
		}
		if got := out.String(); !strings.HasPrefix(got, "{") || !strings.HasSuffix(got, "\"of the log\"}\nunderstudy: two\nlines\n") {
			t.Errorf("out is %q", got)
		}
	})
}

func TestUnreadErrorHoldsUpNoExit(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	testkit.CleanEnv(t)
	g := newGate()
	ended := make(chan int)
	go func() { ended <- Main(t.Context(), []string{"nonsense"}, io.Discard, g) }()
	select {
	case code := <-ended:
		if code != exitUsage {
			t.Errorf("exit code %d, want %d", code, exitUsage)
		}
		close(g.open)
	case <-time.After(testkit.Patience):
		close(g.open)
		t.Error("it waits for a reader")
		<-ended
	}
}
