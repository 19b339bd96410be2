package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
	"github.com/understudy-go/understudy/status"
)

const (
	group = "orders"
	token = "correct-horse-battery-staple"
)

// fixture is a handler behind a server, on a registry of which the test is the active
// instance.
type fixture struct {
	t      testing.TB
	h      *Handler
	store  store.Store
	holder store.Holder
	server *httptest.Server
	log    *testkit.LogBuffer
	asking func() store.Asking // what the handler gets
	seen   func(context.Context) (status.Group, error)
}

// backend is a registry with jobs.
type backend interface {
	registry.Registry
	Jobs() store.Store
}

// newFixture serves the API of a new SQLite registry, in which the jobs report, publish and
// the one that is in no file any more, old, have records.
func newFixture(t testing.TB) *fixture {
	t.Helper()
	r, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "registry.db"), sqlite.Options{OrphanAfter: 4 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	return serve(t, r)
}

func serve(t testing.TB, r backend) *fixture {
	t.Helper()
	f := &fixture{t: t, store: r.Jobs(), log: &testkit.LogBuffer{}}
	f.holder = store.Holder{Group: group, Term: 1, Instance: uuid.Must(uuid.NewV7())}
	if err := r.BeginTerm(t.Context(), registry.Term{Group: group, Number: 1, Holder: f.holder.Instance, Host: "host"}); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := f.store.SaveJobs(t.Context(), f.holder, []store.Job{
		{Name: "report", Group: group, Revision: 1, Schedule: "0 * * * *", Zone: "Europe/Berlin", Description: "<b>hourly</b>", Next: at, Mark: at, Since: at},
		{Name: "publish", Group: group, Revision: 1},
		{Name: "old", Group: group, Revision: 1, Gone: true},
	}); err != nil {
		t.Fatal(err)
	}
	f.asking = func() store.Asking { return f.store }
	log := zerolog.New(f.log)
	f.seen = func(context.Context) (status.Group, error) { return status.Group{}, errDriver }
	snapshot := func(ctx context.Context) (status.Group, error) { return f.seen(ctx) }
	f.h = New(Config{Group: group, Store: func() store.Asking { return f.asking() }, Snapshot: snapshot, Tokens: tokens(t, token), Log: log})
	f.h.every, f.h.limit = 5*time.Millisecond, 3*testkit.Patience // no stalled disk ends the tests
	f.server = httptest.NewServer(f.h)
	t.Cleanup(f.server.Close)
	return f
}

func tokens(t testing.TB, text string) *TokenFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := OpenTokenFile(path, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

type answer struct {
	code   int
	header http.Header
	body   string
}

// with changes a request.
type with func(*http.Request)

func header(name, value string) with { return func(r *http.Request) { r.Header.Set(name, value) } }

func body(text string) with {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	}
}

// do sends a request with the token, and compares the answer with the document.
func (f *fixture) do(method, url string, changes ...with) answer {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 3*testkit.Patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, f.server.URL+url, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	for _, change := range changes {
		change(r)
	}
	client := *f.server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	a := answer{response.StatusCode, response.Header, string(text)}
	if a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Cache-Control") != "no-store" {
		f.t.Errorf("%s %s: headers %v", method, url, a.header)
	}
	description.check(f.t, method, r.URL.EscapedPath(), a)
	return a
}

// want sends a request and checks its status code.
func (f *fixture) want(code int, method, url string, changes ...with) answer {
	f.t.Helper()
	a := f.do(method, url, changes...)
	if a.code != code {
		f.t.Fatalf("%s %s: %d, want %d\n%s", method, url, a.code, code, a.body)
	}
	return a
}

// wantProblem sends a request that has to be refused, with these words in the detail.
func (f *fixture) wantProblem(code int, kind, words, method, url string, changes ...with) answer {
	f.t.Helper()
	a := f.want(code, method, url, changes...)
	p := decoded[problem](f.t, a)
	if p.Status != code || p.Type != typePrefix+kind || !strings.Contains(p.Detail, words) {
		f.t.Errorf("%s %s: %s\nwant the type %s, and %q", method, url, a.body, kind, words)
	}
	return a
}

func decoded[T any](t testing.TB, a answer) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return v
}

func (f *fixture) run(a answer) view.Run { return decoded[view.Run](f.t, a) }

// key returns the key of the run of an answer.
func (f *fixture) key(a answer) store.Key {
	r := f.run(a)
	return store.Key{Group: group, Job: r.Job, Run: r.Run}
}

// start has the active instance start a run that waits.
func (f *fixture) start(k store.Key) store.Run {
	f.t.Helper()
	r, err := f.store.Run(f.t.Context(), k)
	if err != nil {
		f.t.Fatal(err)
	}
	was := r.Version()
	r.State, r.Attempt, r.Nonce = store.Processing, r.Attempt+1, uuid.New()
	r.Attempts = append(r.Attempts, store.Attempt{Number: r.Attempt, Instance: f.holder.Instance, Host: "host", Term: f.holder.Term, From: time.Now()})
	return f.update(was, r)
}

// end has the active instance end the attempt of a run, and the run.
func (f *fixture) end(r store.Run, state store.State, output store.Output) store.Run {
	f.t.Helper()
	was := r.Version()
	last := &r.Attempts[len(r.Attempts)-1]
	last.To, last.End = time.Now(), store.AttemptCompleted
	if state != store.Completed {
		last.End, last.ExitCode = store.AttemptFailed, 3
	}
	r.State, r.Output = state, output
	if state.Ended() {
		r.EndedAt, r.Open = time.Now(), false
	}
	return f.update(was, r)
}

func (f *fixture) update(was store.Version, r store.Run) store.Run {
	f.t.Helper()
	if _, err := f.store.Update(f.t.Context(), f.holder, was, r); err != nil {
		f.t.Fatal(err)
	}
	r, err := f.store.Run(f.t.Context(), r.Key)
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

// broken is a store of which each call fails.
type broken struct{ err error }

func (b broken) Submit(context.Context, store.Run, []byte, int) (store.Run, bool, error) {
	return store.Run{}, false, b.err
}
func (b broken) Cancel(context.Context, store.Key, string, string) (store.Run, error) {
	return store.Run{}, b.err
}
func (b broken) Retry(context.Context, store.Key, string) (store.Run, error) {
	return store.Run{}, b.err
}
func (b broken) Pause(context.Context, string, string, string, string) (store.Job, error) {
	return store.Job{}, b.err
}
func (b broken) Resume(context.Context, string, string) (store.Job, error) {
	return store.Job{}, b.err
}
func (b broken) Jobs(context.Context, string) ([]store.Job, error)      { return nil, b.err }
func (b broken) Run(context.Context, store.Key) (store.Run, error)      { return store.Run{}, b.err }
func (b broken) Payload(context.Context, store.Key) ([]byte, error)     { return nil, b.err }
func (b broken) Watch(context.Context, string) (<-chan struct{}, error) { return nil, b.err }
func (b broken) Runs(context.Context, string, store.Filter) ([]store.Run, error) {
	return nil, b.err
}
func (b broken) Queue(context.Context, string, time.Time) (map[string]store.Queue, error) {
	return nil, b.err
}
func (b broken) Chunks(context.Context, store.Key, int, int) ([]store.Chunk, error) {
	return nil, b.err
}

var errDriver = errors.New("dial tcp db-7.internal:27017: connection refused")
