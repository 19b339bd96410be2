package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/openregistry"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
	"github.com/understudy-go/understudy/status"
)

// watched runs watch for a while. The only instance of the group falls silent after five
// seconds, and the registry does not answer from the second to the fourth.
func watched(t *testing.T, d func(l *client) display) (stdout, stderr string) {
	t.Helper()
	var out, log bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		lastBeat := begun.Add(5*time.Second + time.Millisecond)
		l := clientOf(fakeAdmin{read: func(context.Context) ([]registry.Term, []registry.Instance, error) {
			now := time.Now()
			if s := now.Sub(begun).Round(time.Second); s >= 2*time.Second && s <= 4*time.Second {
				return nil, nil, errors.New("it is\x1b away")
			}
			if now.After(lastBeat) {
				now = lastBeat
			}
			in := memberOf(1, "a", now)
			in.Beat = int64(now.Sub(begun) / time.Second)
			return []registry.Term{{Number: 3, Holder: in.ID, Host: "a", StartedAt: begun}}, []registry.Instance{in}, nil
		}}, &log)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second+time.Millisecond)
		defer cancel()
		w := watch{client: l, display: d(l), every: time.Second, out: &out}
		if err := w.run(ctx); err != nil {
			t.Error(err)
		}
	})
	return out.String(), log.String()
}

func TestWatch_LinesTellWhatChanges(t *testing.T) {
	stdout, stderr := watched(t, func(l *client) display { return &changeLines{complaints: complaints{out: l.stderr}, where: l.where} })
	lines := strings.SplitAfter(stdout, "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines:\n%s", len(lines)-1, stdout)
	}
	if _, err := time.Parse(time.RFC3339, strings.Fields(lines[0])[0]); err != nil {
		t.Error(err)
	}
	testkit.WantLine(t, lines[0], " g: 1 active, 0 passive: nobody would take over; a/9a8001 in term 3")
	testkit.WantLine(t, lines[1], " g: no beat from a/9a8001 for 10s, an orphan in 50s; nobody is there to take over")
	testkit.WantLine(t, stderr, `understudy: registry does not answer: registry sqlite:/registry.db: it is\x1b away`)
}

func TestWatch_JSONIsAnObjectPerSecond(t *testing.T) {
	stdout, stderr := watched(t, func(l *client) display { return &jsonLines{complaints: complaints{out: l.stderr}} })
	lines := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
	if len(lines) != 18 {
		t.Errorf("%d lines:\n%s", len(lines), stdout)
	}
	for _, line := range lines {
		var g status.Group
		if err := json.Unmarshal([]byte(line), &g); err != nil || g.Term != 3 {
			t.Errorf("%v: %s", err, line)
		}
	}
	testkit.WantLine(t, stderr, "understudy: registry does not answer: ")
}

func TestWatch_KeepsTheTableThroughAnOutage(t *testing.T) {
	stdout, stderr := watched(t, func(l *client) display {
		return &screen{size: func() (int, int) { return 100, 24 }, where: l.where}
	})
	frames := strings.Split(stdout, "\x1b[H")
	if len(frames) != 22 || frames[0] != "\x1b[2J" || strings.Count(stdout, "\x1b[2J") != 1 {
		t.Fatalf("%d frames: %q", len(frames)-1, frames[0])
	}
	if !strings.HasSuffix(stdout, "\x1b[J\n") || stderr != "" {
		t.Errorf("it ends with %q; stderr %q", stdout[len(stdout)-10:], stderr)
	}
	for i, frame := range frames[1:] {
		frame, _, _ = strings.Cut(frame, "\x1b[J")
		lines := strings.SplitAfter(frame, "\n")
		for _, line := range lines[:len(lines)-1] {
			if !strings.HasSuffix(line, "\x1b[K\n") || strings.Count(line, "\x1b") != 1 {
				t.Fatalf("frame %d: line %q", i, line)
			}
		}
		down := strings.HasPrefix(lines[0], `registry does not answer: registry sqlite:/registry.db: it is\x1b away`)
		if want := i >= 2 && i <= 4; down != want || !strings.Contains(frame, "g: 1 active") && i < 15 {
			t.Errorf("frame %d: outage %v, want %v: %q", i, down, want, frame)
		}
		if want := i >= 15; strings.Contains(frame, "active, silent") != want {
			t.Errorf("frame %d: silent is not %v: %q", i, want, frame)
		}
	}
}

func TestWatch_EndsThoughNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, out := io.Pipe()
		l := clientOf(fakeAdmin{read: func(context.Context) ([]registry.Term, []registry.Instance, error) { return nil, nil, nil }}, new(bytes.Buffer))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begun := time.Now()
		w := watch{client: l, display: &jsonLines{}, every: time.Second, out: out}
		if err := w.run(ctx); err != nil {
			t.Error(err)
		}
		if took := time.Since(begun); took > 11*time.Second {
			t.Errorf("it ended after %v", took)
		}
		_ = r.Close()
	})
}

func TestWatch_EndsDuringACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out, stderr testkit.LogBuffer
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begun := time.Now()
		w := watch{client: clientOf(fakeAdmin{read: hang}, &stderr), display: &jsonLines{complaints: complaints{out: &stderr}}, every: time.Second, out: &out}
		if err := w.run(ctx); err != nil || time.Since(begun) != 3*time.Second {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
		testkit.WantLine(t, stderr.String(), "understudy: waiting for an answer from ")
	})
}

func TestWatch_TellsAnOutageOnce(t *testing.T) {
	var out bytes.Buffer
	c := complaints{out: &out}
	down := openregistry.UnavailableError{Err: errors.New("away")}
	for range 3 {
		c.failed(down)
		c.failed(down)
		c.unread(survey{})
		c.unread(survey{unread: []error{registry.ErrCorrupt, registry.ErrSchema}})
		c.unread(survey{unread: []error{registry.ErrCorrupt, registry.ErrSchema}})
	}
	if got := strings.Count(out.String(), "understudy: registry does not answer: away\n"); got != 3 {
		t.Errorf("%d times:\n%s", got, out.String())
	}
	if got := strings.Count(out.String(), "corrupt record; written by a newer version\n"); got != 3 || strings.Count(out.String(), "\n") != 6 {
		t.Errorf("%d times:\n%s", got, out.String())
	}
}

func TestWatch_SeesTheFirstInstanceCome(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY=sqlite:"+path)
	ctx, cancel := context.WithCancel(t.Context())
	var out, stderr testkit.LogBuffer
	ended := make(chan int)
	go func() { ended <- Main(ctx, []string{"status", "--watch"}, &out, &stderr) }()
	await := func(text string) {
		t.Helper()
		testkit.Until(t, text, func() bool { return strings.Contains(out.String(), text) })
	}
	await("default: no instance: ")
	reg, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reg.Close(context.Background()) }()
	testRegistry{reg, ""}.join(t, "default", "a")
	await("default: no active yet; 1 passive")
	cancel()
	if code := <-ended; code != exitcode.OK {
		t.Errorf("exit code %d", code)
	}
	testkit.WantLine(t, testkit.WithoutWaiting(stderr.String()), "there is no such file yet")
}

// gone is a reader who goes away after some writes.
type gone int

func (g *gone) Write(p []byte) (int, error) {
	if *g--; *g < 0 {
		return 0, syscall.EPIPE
	}
	return len(p), nil
}

func TestWatch_EndsWhenTheReaderGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := clientOf(fakeAdmin{read: func(context.Context) ([]registry.Term, []registry.Instance, error) { return nil, nil, nil }}, new(bytes.Buffer))
		reader := gone(3)
		begun := time.Now()
		w := watch{client: l, display: &jsonLines{}, every: time.Second, out: &reader}
		if err := unlessGone(w.run(t.Context())); err != nil || time.Since(begun) != 3*time.Second {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
	})
}

// This is what "| head -1" does: after the first line nothing changes.
func TestWatch_EndsWhenItsPipeIsClosedWithoutAChange(t *testing.T) {
	testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY=sqlite:"+filepath.Join(t.TempDir(), "registry.db"))
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
	defer cancel()
	ended := make(chan int)
	go func() { ended <- Main(ctx, []string{"status", "--watch"}, w, new(testkit.LogBuffer)) }()
	if line, err := bufio.NewReader(r).ReadString('\n'); err != nil || !strings.Contains(line, "no instance") {
		t.Errorf("%q, %v", line, err)
	}
	_ = r.Close()
	if code := <-ended; code != exitcode.OK || ctx.Err() != nil {
		t.Errorf("exit code %d, %v", code, ctx.Err())
	}
}
