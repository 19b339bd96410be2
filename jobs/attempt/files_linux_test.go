package attempt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/worker"
)

func TestRunner_PayloadIsInItsFile(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	r := newRunner(t, g.store)
	payload := append([]byte("{\x00\xff"), bytes.Repeat([]byte("x"), store.MaxPayload-3)...)
	out := filepath.Join(t.TempDir(), "out")
	run := g.claim(t, payload)
	wantEnd(t, r.Run(t.Context(), script("cat $UNDERSTUDY_PAYLOAD_FILE >%s", out), run), store.AttemptCompleted, 0, "")
	if got, _ := os.ReadFile(out); !bytes.Equal(got, payload) {
		t.Errorf("it found %d bytes, want the payload of %d", len(got), len(payload))
	}
	wantEnd(t, r.Run(t.Context(), script(`test -z "${UNDERSTUDY_PAYLOAD_FILE+set}"`), g.claim(t, nil)), store.AttemptCompleted, 0, "")

	testkit.SQL(t, g.path, `UPDATE blobs SET data = x'00' WHERE run = ?`, run.Key.Run)
	started := filepath.Join(t.TempDir(), "started")
	for _, change := range []string{"", `DELETE FROM blobs WHERE run = ?`} {
		if change != "" {
			testkit.SQL(t, g.path, change, run.Key.Run)
		}
		end := r.Run(t.Context(), script(">%s", started), run)
		if end.End != store.AttemptFailed || end.Code != -1 || !strings.HasPrefix(end.Remark, "it was not started: its payload is missing or damaged: ") {
			t.Errorf("%+v, want that its payload is missing or damaged", end)
		}
	}
	if exists(started)() {
		t.Error("it was started without its payload")
	}
}

func TestRunner_StoreThatDoesNotAnswerIsAskedAgain(t *testing.T) {
	t.Parallel()
	n := 0
	r := newRunner(t, &fake{payload: func() ([]byte, error) {
		if n++; n < 4 {
			return nil, errAway
		}
		return []byte("late"), nil
	}})
	end := ended(t, runAsync(t.Context(), r, script("cat $UNDERSTUDY_PAYLOAD_FILE"), withPayload()))
	wantEnd(t, end, store.AttemptCompleted, 0, "")
	if string(end.Output.Head) != "late" {
		t.Errorf("it found %q", end.Output.Head)
	}
}

func TestRunner_StoreThatStaysAwayEndsTheAttempt(t *testing.T) {
	t.Parallel()
	away := func() ([]byte, error) { return nil, errAway }
	retried := claimed(2)
	for _, tt := range []struct {
		name   string
		fake   *fake
		run    store.Run
		change func(r *runnerUnderTest, stop func())
		end    store.AttemptEnd
		remark string
	}{
		{"for long", &fake{payload: away}, withPayload(), func(r *runnerUnderTest, _ func()) { r.patience = time.Second },
			store.AttemptFailed, "it was not started: for 1s its payload could not be read: the store is away"},
		{"checkpoint", &fake{take: away}, retried, func(r *runnerUnderTest, _ func()) { r.patience = time.Second },
			store.AttemptFailed, "it was not started: for 1s its checkpoint could not be read: the store is away"},
		{"until a stop", &fake{payload: away}, withPayload(), func(r *runnerUnderTest, stop func()) { stop() },
			store.AttemptExited, "it was told to stop before it was started"},
		{"until the lease's end", &fake{payload: away}, withPayload(), func(r *runnerUnderTest, _ func()) {
			e, err := worker.NewExecutor(worker.ExecutorSpec{Timing: testTiming})
			if err != nil {
				t.Fatal(err)
			}
			e.Extend(boottime.Now() + testTiming.StopGrace + time.Second)
			r.config.Executor = e
		}, store.AttemptExited, "it was not started: the lease was over, or about to end, and its payload could not be read: the store is away"},
		{"taken over", &fake{take: func() ([]byte, error) { return nil, store.ErrChanged }}, retried, nil,
			store.AttemptExited, "it was not started: a later term or attempt has taken the run over"},
		{"no run", &fake{payload: func() ([]byte, error) { return nil, store.ErrNoRun }}, withPayload(), nil,
			store.AttemptFailed, "it was not started: jobs: no such run"},
		{"damaged", &fake{take: func() ([]byte, error) { return nil, registry.ErrCorrupt }}, retried, nil,
			store.AttemptFailed, "it was not started: its checkpoint is missing or damaged: registry: corrupt record"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRunner(t, tt.fake)
			ctx, stop := context.WithCancelCause(context.Background())
			defer stop(nil)
			if tt.change != nil {
				tt.change(r, func() { time.AfterFunc(200*time.Millisecond, func() { stop(errors.New("stop")) }) })
			}
			wantEnd(t, ended(t, runAsync(ctx, r, script("exit 3"), tt.run)), tt.end, -1, tt.remark)
			if left := r.leftovers(t); len(left) > 0 {
				t.Errorf("%v are left", left)
			}
		})
	}
}

// replace is a shell command that replaces a file as commands should.
func replace(variable, text string) string {
	return fmt.Sprintf("printf '%%s' '%s' >$%s.new; mv $%s.new $%s; ", text, variable, variable, variable)
}

func TestRunner_NextAttemptFindsTheLastCheckpoint(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	r := newRunner(t, g.store)
	run := g.claim(t, nil)
	ctx, stop := context.WithCancelCause(context.Background())
	result := runAsync(ctx, r, script("test ! -e $UNDERSTUDY_CHECKPOINT_FILE || exit 9; trap '%s exit 1' TERM; %s while :; do sleep 0.05; done",
		strings.ReplaceAll(replace("UNDERSTUDY_CHECKPOINT_FILE", "last"), "'", `"`), replace("UNDERSTUDY_CHECKPOINT_FILE", "first")), run)
	testkit.Until(t, "the first checkpoint", func() bool { return checkpointOf(t, g, run) == "first" })
	stop(errors.New("stop")) // it writes another one at the last moment
	wantEnd(t, ended(t, result), store.AttemptExited, 1, "it was told to stop")
	if got := checkpointOf(t, g, run); got != "last" {
		t.Errorf("the checkpoint at the end is %q", got)
	}

	next := g.again(t, run)
	end := r.Run(t.Context(), script("cat $UNDERSTUDY_CHECKPOINT_FILE; exit 3"), next)
	wantEnd(t, end, store.AttemptFailed, 3, "exit code 3")
	if got := string(end.Output.Head); got != "last" {
		t.Errorf("the second attempt found %q", got)
	}

	// The attempt before has its say no more, even if it still runs somewhere.
	wantEnd(t, r.Run(t.Context(), script("%s", replace("UNDERSTUDY_CHECKPOINT_FILE", "late")), run), store.AttemptCompleted, 0, "")
	if got := checkpointOf(t, g, run); got != "last" {
		t.Errorf("an earlier attempt made the checkpoint %q", got)
	}
}

// checkpointOf returns the checkpoint of a run without taking it over.
func checkpointOf(t testing.TB, g *group, run store.Run) string {
	t.Helper()
	data, err := g.store.TakeCheckpoint(t.Context(), g.holder, run.Key, 1)
	if errors.Is(err, store.ErrChanged) {
		data, err = g.store.TakeCheckpoint(t.Context(), g.holder, run.Key, 2)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// saves are what a fake store got.
type saves struct {
	mu   sync.Mutex
	list []string
}

func (s *saves) add(data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, string(data))
	return nil
}

func (s *saves) is(want ...string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("%q", s.list) == fmt.Sprintf("%q", want)
}

func TestRunner_CheckpointThatIsTooLargeOrEmptyIsRefused(t *testing.T) {
	t.Parallel()
	var got saves
	r := newRunner(t, &fake{save: got.add})
	dir := t.TempDir()
	leave := filepath.Join(dir, "leave")
	step := func(n int) string { return fmt.Sprintf("until [ -e %s%d ]; do sleep 0.05; done; ", leave, n) }
	text := replace("UNDERSTUDY_CHECKPOINT_FILE", "good") + step(1) +
		fmt.Sprintf("head -c %d /dev/zero >$UNDERSTUDY_CHECKPOINT_FILE; ", store.MaxBlob+1) + step(2) +
		fmt.Sprintf("head -c %d /dev/zero >$UNDERSTUDY_CHECKPOINT_FILE; ", store.MaxBlob+2) + step(3) +
		">$UNDERSTUDY_CHECKPOINT_FILE; "
	result := runAsync(t.Context(), r, script("%s", text), claimed(1))
	testkit.Until(t, "the good one", func() bool { return got.is("good") })
	touch(t, leave+"1")
	testkit.Until(t, "the log", func() bool { return strings.Contains(r.log.String(), "refused") })
	touch(t, leave+"2")
	time.Sleep(1500 * time.Millisecond) // can only hide a failure
	touch(t, leave+"3")
	end := ended(t, result)
	if end.End != store.AttemptCompleted || !strings.Contains(end.Remark, fmt.Sprintf("its last checkpoint was refused: too large: more than %d bytes", store.MaxBlob)) {
		t.Errorf("%+v, want that the checkpoint was refused", end)
	}
	if !got.is("good") {
		t.Errorf("the store got %.200q", got.list)
	}
	if n := strings.Count(r.log.String(), "refused"); n != 1 {
		t.Errorf("the log says %d times that it is refused", n)
	}
}

func TestRunner_CheckpointIsStoredWhenTheStoreIsBack(t *testing.T) {
	t.Parallel()
	var got saves
	n := 0
	r := newRunner(t, &fake{save: func(data []byte) error {
		if n++; n < 3 {
			return errAway
		}
		return got.add(data)
	}})
	leave := filepath.Join(t.TempDir(), "leave")
	result := runAsync(t.Context(), r, script("%s until [ -e %s ]; do sleep 0.05; done", replace("UNDERSTUDY_CHECKPOINT_FILE", "once"), leave), claimed(1))
	testkit.Until(t, "the checkpoint", func() bool { return got.is("once") })
	touch(t, leave)
	wantEnd(t, ended(t, result), store.AttemptCompleted, 0, "")
	if !got.is("once") {
		t.Errorf("the store got %q", got.list)
	}
}

// A file that does not change costs no call, and one that is written in place does.
func TestRunner_CheckpointIsStoredOnceForEachChange(t *testing.T) {
	t.Parallel()
	var got saves
	f := &fake{save: got.add}
	r := newRunner(t, f)
	leave := filepath.Join(t.TempDir(), "leave")
	result := runAsync(t.Context(), r, script("printf one >$UNDERSTUDY_CHECKPOINT_FILE; until [ -e %s ]; do sleep 0.05; done; printf two >$UNDERSTUDY_CHECKPOINT_FILE", leave), claimed(1))
	testkit.Until(t, "the first one", func() bool { return got.is("one") })
	time.Sleep(2500 * time.Millisecond) // can only hide a failure
	touch(t, leave)
	wantEnd(t, ended(t, result), store.AttemptCompleted, 0, "")
	if !got.is("one", "two") || f.count("take") != 0 {
		t.Errorf("the store got %q, and was asked %d times for the checkpoint of a first attempt", got.list, f.count("take"))
	}
}

// A store that does not answer at the end holds the attempt up for a while only, and for less
// when the instance waits for that.
func TestRunner_StoreThatHangsDoesNotHoldTheEnd(t *testing.T) {
	t.Parallel()
	for _, stopped := range []bool{false, true} {
		t.Run(fmt.Sprint("stopped ", stopped), func(t *testing.T) {
			t.Parallel()
			h := &hangs{fake: &fake{}}
			r := newRunner(t, h)
			ready := filepath.Join(t.TempDir(), "ready")
			ctx, stop := context.WithCancelCause(context.Background())
			defer stop(nil)
			text := "trap 'exit 0' TERM; " + replace("UNDERSTUDY_CHECKPOINT_FILE", "x") + replace("UNDERSTUDY_PROGRESS_FILE", "42") + "echo x; sleep 1.5; >" + ready + "; "
			if stopped {
				text += "while :; do sleep 0.05; done"
			}
			result := runAsync(ctx, r, script("%s", text), claimed(1))
			testkit.Until(t, "the command", exists(ready))
			if stopped {
				stop(errors.New("stop"))
			}
			end := ended(t, result)
			if end.Remark != "its last checkpoint could not be stored: the registry did not answer" && !strings.HasSuffix(end.Remark, "; its last checkpoint could not be stored: the registry did not answer") {
				t.Errorf("%+v, want that its checkpoint could not be stored", end)
			}
			if !errors.Is(h.last, context.Canceled) {
				t.Errorf("the last call ended with %v, want that it was cut short", h.last)
			}
		})
	}
}

// hangs is a store whose calls end with their context.
type hangs struct {
	*fake
	last error // of SaveCheckpoint
}

func (h *hangs) SaveCheckpoint(ctx context.Context, _ store.Holder, _ store.Key, _ int, _ []byte) error {
	<-ctx.Done()
	h.last = ctx.Err()
	return h.last
}

func (*hangs) SetProgress(ctx context.Context, _ store.Holder, _ store.Key, _ int, _ store.Progress) (*store.Request, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (*hangs) AppendChunk(ctx context.Context, _ store.Holder, _ store.Key, _, _ int, _ int64, _ []byte) error {
	<-ctx.Done()
	return ctx.Err()
}

// A later term has begun: what this attempt says is stored no more.
func TestRunner_NothingIsStoredAfterATakeover(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	r := newRunner(t, g.store)
	run, leave := g.claim(t, nil), filepath.Join(t.TempDir(), "leave")
	old := g.holder
	result := runAsync(t.Context(), r, script("%s until [ -e %s ]; do sleep 0.05; done; %s %s echo late; sleep 1.2",
		replace("UNDERSTUDY_CHECKPOINT_FILE", "first"), leave, replace("UNDERSTUDY_CHECKPOINT_FILE", "late"), replace("UNDERSTUDY_PROGRESS_FILE", "99 late")), run)
	testkit.Until(t, "the first checkpoint", func() bool {
		data, err := g.store.TakeCheckpoint(t.Context(), old, run.Key, 1)
		return err == nil && string(data) == "first"
	})
	g.begin(t)
	touch(t, leave)
	wantEnd(t, ended(t, result), store.AttemptCompleted, 0, "") // which nobody will record
	if p := g.read(t, run).Progress; p.Text != "" {
		t.Errorf("the progress is %+v", p)
	}
	if data, err := g.store.TakeCheckpoint(t.Context(), g.holder, run.Key, 2); err != nil || string(data) != "first" {
		t.Errorf("the checkpoint is %q, %v", data, err)
	}
	if !strings.Contains(r.log.String(), "somebody else has the run") {
		t.Errorf("the log does not say so:\n%s", r.log.String())
	}
}

func TestRunner_ProgressIsStored(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	r := newRunner(t, g.store)
	run, leave := g.claim(t, nil), filepath.Join(t.TempDir(), "leave")
	run.Attempts[0].From = run.Attempts[0].From.Add(-time.Hour) // the registry's clock is behind
	begin := time.Now()
	result := runAsync(t.Context(), r, script("%s until [ -e %s ]; do sleep 0.05; done; %s", replace("UNDERSTUDY_PROGRESS_FILE", "42% copies \x1b[31mfiles"), leave, replace("UNDERSTUDY_PROGRESS_FILE", "100 done")), run)
	var p store.Progress
	testkit.Until(t, "the progress", func() bool { p = g.read(t, run).Progress; return p.Text != "" })
	if p.Percent != 42 || p.Text != "copies  [31mfiles" {
		t.Errorf("the progress is %+v", p)
	}
	if early, late := begin.Add(-time.Hour-time.Minute), time.Now().Add(-time.Hour+time.Second); p.At.Before(early) || p.At.After(late) {
		t.Errorf("the progress is of %v, want the time of the clock that the run was claimed by, about %v", p.At, late)
	}
	touch(t, leave)
	wantEnd(t, ended(t, result), store.AttemptCompleted, 0, "")
	if p := g.read(t, run).Progress; p.Percent != 100 || p.Text != "done" {
		t.Errorf("the progress at the end is %+v", p)
	}
}

func TestRunner_ResultIsReadAtTheEnd(t *testing.T) {
	t.Parallel()
	r := newRunner(t, &fake{})
	for _, tt := range []struct {
		text   string
		size   int
		end    store.AttemptEnd
		code   int
		remark string
	}{
		{"true", 0, store.AttemptCompleted, 0, ""},
		{">$UNDERSTUDY_RESULT_FILE", 0, store.AttemptCompleted, 0, ""},
		{fmt.Sprintf("head -c %d /dev/zero >$UNDERSTUDY_RESULT_FILE; exit 3", store.MaxResult), store.MaxResult, store.AttemptFailed, 3, "exit code 3"},
		{fmt.Sprintf("head -c %d /dev/zero >$UNDERSTUDY_RESULT_FILE", store.MaxResult+1), 0, store.AttemptCompleted, 0, "its result was left out: too large: more than 65536 bytes"},
		{"truncate -s 1T $UNDERSTUDY_RESULT_FILE; exit 3", 0, store.AttemptFailed, 3, "exit code 3; its result was left out: too large: more than 65536 bytes"},
	} {
		end := r.Run(t.Context(), script("%s", tt.text), claimed(1))
		wantEnd(t, end, tt.end, tt.code, tt.remark)
		if len(end.Result) != tt.size {
			t.Errorf("%s: a result of %d bytes, want %d", tt.text, len(end.Result), tt.size)
		}
	}
}

// The command may put anything in the place of its files.
func TestRunner_FilesThatAreNoFilesAreNotFollowed(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"link":       "ln -s " + secret + " $f",
		"endless":    "ln -s /dev/zero $f",
		"terminal":   "ln -s /dev/tty $f",
		"loop":       "ln -s $f $f",
		"dead link":  "ln -s nowhere $f",
		"FIFO":       "mkfifo $f",
		"directory":  "mkdir $f",
		"device":     "mknod $f c 1 5 || mkfifo $f",
		"socket":     `python3 -c 'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' $f || mkfifo $f`,
		"no reading": "mkfifo -m 0 $f",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{}
			r := newRunner(t, f)
			end := ended(t, runAsync(t.Context(), r, script("for f in $UNDERSTUDY_PROGRESS_FILE $UNDERSTUDY_RESULT_FILE $UNDERSTUDY_CHECKPOINT_FILE; do %s; done; sleep 1.2", text), claimed(1)))
			wantEnd(t, end, store.AttemptCompleted, 0, "its result was left out: it is no regular file; its last checkpoint was refused: it is no regular file")
			if end.Result != nil || len(f.calls) > 0 {
				t.Errorf("a result of %q, and calls %v", end.Result, f.calls)
			}
			if left := r.leftovers(t); len(left) > 0 {
				t.Errorf("%v are left", left)
			}
		})
	}
}
