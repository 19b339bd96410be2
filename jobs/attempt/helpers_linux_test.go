package attempt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
	"github.com/understudy-go/understudy/worker"
)

func TestMain(m *testing.M) {
	testkit.RunRole(map[string]testkit.Role{"owner": testkit.RoleOf(ownFolder), "locked out": lockedOut})
	testkit.Parallel(16) // they mostly wait for a second to pass
	goleak.VerifyTestMain(m)
}

// testTiming is generous, so that no grace and no lease ends on a machine that stalls.
var testTiming = registry.Timing{Interval: 50 * time.Millisecond, OrphanAfter: 5 * time.Minute, StopGrace: 10 * time.Second}

const leeway = 5 * time.Second // enough time for what has to happen before an instant

// group is a group of a registry, with a holder.
type group struct {
	path   string
	backed *sqlite.Registry
	store  store.Store
	holder store.Holder
}

func newGroup(t testing.TB) *group {
	t.Helper()
	path := filepath.Join(t.TempDir(), "registry.db")
	r, err := sqlite.Open(t.Context(), path, sqlite.Options{OrphanAfter: 4 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	g := &group{path: path, backed: r, store: r.Jobs()}
	g.begin(t)
	return g
}

// begin begins the next term.
func (g *group) begin(t testing.TB) {
	t.Helper()
	if g.holder.Term > 0 {
		if err := g.backed.EndTerm(t.Context(), "test", g.holder.Term, g.holder.Instance, registry.End{Reason: registry.Stopped}); err != nil {
			t.Fatal(err)
		}
	}
	g.holder = store.Holder{Group: "test", Term: g.holder.Term + 1, Instance: uuid.New()}
	if err := g.backed.BeginTerm(t.Context(), registry.Term{Group: "test", Number: g.holder.Term, Holder: g.holder.Instance, Host: "host"}); err != nil {
		t.Fatal(err)
	}
}

// claim returns a new run that is claimed.
func (g *group) claim(t testing.TB, payload []byte) store.Run {
	t.Helper()
	r := store.Run{Key: store.Key{Group: "test", Job: "report", Run: store.NewID()}, Trigger: store.ByPerson, By: "somebody"}
	r, _, err := g.store.Submit(t.Context(), r, payload, store.MaxPage)
	if err != nil {
		t.Fatal(err)
	}
	return g.again(t, r)
}

// again begins the next attempt of a run.
func (g *group) again(t testing.TB, r store.Run) store.Run {
	t.Helper()
	was := r.Version()
	r.State, r.Open, r.Attempt, r.Nonce = store.Processing, true, r.Attempt+1, uuid.New()
	r.Term, r.Instance = g.holder.Term, g.holder.Instance
	r.Attempts = append(r.Attempts, store.Attempt{Number: r.Attempt, Instance: g.holder.Instance, Term: g.holder.Term, From: time.Now()})
	if there, err := g.store.Update(t.Context(), g.holder, was, r); err != nil {
		t.Fatal(there, err)
	}
	return r
}

// read returns a run as it is stored.
func (g *group) read(t testing.TB, r store.Run) store.Run {
	t.Helper()
	r, err := g.store.Run(t.Context(), r.Key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// runnerUnderTest is a runner, and what it has.
type runnerUnderTest struct {
	*Runner
	executor       *worker.Executor
	folder         string
	stdout, stderr testkit.LogBuffer
	log            testkit.LogBuffer
}

// newRunner returns a runner under a lease of an hour, which keeps its folders in one of
// the test.
func newRunner(t testing.TB, s Store) *runnerUnderTest {
	t.Helper()
	r := &runnerUnderTest{folder: t.TempDir()}
	var err error
	if r.executor, err = worker.NewExecutor(worker.ExecutorSpec{Timing: testTiming, Ready: 1, Log: zerolog.New(&r.log)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.executor.Close)
	r.executor.Extend(boottime.Now() + time.Hour)
	r.Runner, err = New(Config{Executor: r.executor, Store: s, Stdout: &r.stdout, Stderr: &r.stderr, Folder: r.folder, Log: zerolog.New(&r.log)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// leftovers returns what is in the place for private folders.
func (r *runnerUnderTest) leftovers(t testing.TB) (names []string) {
	t.Helper()
	list, err := os.ReadDir(r.folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// script returns a job that runs a shell.
func script(text string, args ...any) Job {
	return Job{Command: []string{"/bin/sh", "-c", fmt.Sprintf(text, args...)}}
}

// runAsync calls Run, and returns what will receive its result.
func runAsync(ctx context.Context, r *runnerUnderTest, j Job, run store.Run) <-chan End {
	end := make(chan End, 1)
	go func() { end <- r.Run(ctx, j, run) }()
	return end
}

// ended returns what Run has returned.
func ended(t testing.TB, result <-chan End) End {
	t.Helper()
	select {
	case end := <-result:
		return end
	case <-time.After(2 * testkit.Patience):
		t.Fatalf("Run did not return within %v", 2*testkit.Patience)
		return End{}
	}
}

// wantEnd fails the test unless an attempt ended in a way.
func wantEnd(t testing.TB, got End, want store.AttemptEnd, code int, remark string) {
	t.Helper()
	if started := code != -1; got.Unstarted == started {
		t.Errorf("it says that it was not started: %v, want %v: %s", got.Unstarted, !started, remark)
	}
	if got.End != want || got.Code != code || got.Remark != remark {
		t.Errorf("it %s with code %d and remark %q, want that it %s with code %d and remark %q\noutput: %s", got.End, got.Code, got.Remark, want, code, remark, got.Output.Head)
	}
}

// exists returns a condition: there is such a file.
func exists(path string) func() bool {
	return func() bool { _, err := os.Stat(path); return err == nil }
}

// touch makes a file.
func touch(t testing.TB, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// fake is a store whose answers a test decides. Without a function it has nothing, and takes
// everything.
type fake struct {
	payload  func() ([]byte, error)
	take     func() ([]byte, error)
	save     func(data []byte) error
	progress func(p store.Progress) error
	chunk    func(ctx context.Context, n int, offset int64, data []byte) error
	mu       sync.Mutex
	calls    []string
}

func (f *fake) called(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, name)
}

func (f *fake) count(name string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.calls {
		if c == name {
			n++
		}
	}
	return n
}

func (f *fake) Payload(context.Context, store.Key) ([]byte, error) {
	f.called("payload")
	if f.payload == nil {
		return nil, nil
	}
	return f.payload()
}

func (f *fake) TakeCheckpoint(context.Context, store.Holder, store.Key, int) ([]byte, error) {
	f.called("take")
	if f.take == nil {
		return nil, nil
	}
	return f.take()
}

func (f *fake) SaveCheckpoint(_ context.Context, _ store.Holder, _ store.Key, _ int, data []byte) error {
	f.called("save")
	if f.save == nil {
		return nil
	}
	return f.save(data)
}

func (f *fake) SetProgress(_ context.Context, _ store.Holder, _ store.Key, _ int, p store.Progress) (*store.Request, error) {
	f.called("progress")
	if f.progress == nil {
		return nil, nil
	}
	return nil, f.progress(p)
}

func (f *fake) AppendChunk(ctx context.Context, _ store.Holder, _ store.Key, _, n int, offset int64, data []byte) error {
	f.called("chunk")
	if f.chunk == nil {
		return nil
	}
	return f.chunk(ctx, n, offset, data)
}

// claimed returns the record of an attempt for a fake store.
func claimed(attempt int) store.Run {
	return store.Run{
		Key: store.Key{Group: "test", Job: "report", Run: store.NewID()}, Trigger: store.ByPerson,
		State: store.Processing, Open: true, Term: 7, Instance: uuid.New(), Attempt: attempt, Nonce: uuid.New(),
	}
}

// withPayload returns the record of a first attempt that has a payload.
func withPayload() store.Run {
	r := claimed(1)
	r.Payload = store.Digest{1}
	return r
}

var errAway = errors.New("the store is away")
