package cli

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
	"github.com/understudy-go/understudy/status"
)

// shelf is a registry that a test fills, and the program looks at.
type shelf struct {
	backend
	uri string
}

func eachShelf(t *testing.T, test func(t *testing.T, s shelf)) {
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "registry.db")
		reg, err := sqlite.Open(t.Context(), path, sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = reg.Close(context.Background()) })
		test(t, shelf{reg, "sqlite:" + path})
	})
	t.Run("mongodb", func(t *testing.T) {
		uri := mongotest.Shared(t)
		reg, err := mongotest.OpenRegistry(t.Context(), uri)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = reg.Close(context.Background()) })
		test(t, shelf{reg, uri})
	})
}

// join registers an instance.
func (s shelf) join(t *testing.T, group, host string) uuid.UUID {
	t.Helper()
	in := registry.Instance{
		ID: uuid.Must(uuid.NewV7()), Group: group, Host: host, PID: 4711, Version: "v1.2.3",
		Status:   registry.Status{Role: registry.Passive, Candidate: true},
		Interval: registry.DefaultTiming.Interval, OrphanAfter: time.Hour, // nobody beats, and nobody is to be late
	}
	if _, err := s.Register(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	return in.ID
}

func (s shelf) begin(t *testing.T, group string, number int64, holder uuid.UUID, host string) {
	t.Helper()
	if err := s.BeginTerm(t.Context(), registry.Term{Group: group, Number: number, Holder: holder, Host: host, OrphanAfter: time.Minute}); err != nil {
		t.Fatal(err)
	}
}

func (s shelf) end(t *testing.T, group string, number int64, holder uuid.UUID, end registry.End) {
	t.Helper()
	if err := s.EndTerm(t.Context(), group, number, holder, end); err != nil {
		t.Fatal(err)
	}
}

// spoil makes the records of a group's terms senseless.
func (s shelf) spoil(t *testing.T, group string) {
	t.Helper()
	s.spoilTo(t, group, registry.MaxTerm)
}

// spoilTo does so up to a term.
func (s shelf) spoilTo(t *testing.T, group string, last int64) {
	t.Helper()
	if path, ok := strings.CutPrefix(s.uri, "sqlite:"); ok {
		db, err := sql.Open("sqlite", "file:"+path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.ExecContext(t.Context(), `UPDATE terms SET schema = x'1b5b324a' WHERE "group" = ? AND number <= ?`, group, last); err != nil {
			t.Fatal(err)
		}
		return
	}
	if r, err := s.collection(t, "terms").UpdateMany(t.Context(), bson.M{"_id.group": group, "_id.term": bson.M{"$lte": last}}, bson.M{"$set": bson.M{"schema": "\x1b[2J"}}); err != nil || r.ModifiedCount == 0 {
		t.Fatal(r, err)
	}
}

// shift moves all heartbeats ahead, as if the registry's clock had been set back.
func (s shelf) shift(t *testing.T, by time.Duration) {
	t.Helper()
	if path, ok := strings.CutPrefix(s.uri, "sqlite:"); ok {
		db, err := sql.Open("sqlite", "file:"+path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.ExecContext(t.Context(), `UPDATE instances SET heartbeat = heartbeat + ?`, by.Microseconds()); err != nil {
			t.Fatal(err)
		}
		return
	}
	set := bson.A{bson.M{"$set": bson.M{"heartbeat": bson.M{"$add": bson.A{"$heartbeat", by.Milliseconds()}}}}}
	if r, err := s.collection(t, "instances").UpdateMany(t.Context(), bson.M{}, set); err != nil || r.ModifiedCount == 0 {
		t.Fatal(r, err)
	}
}

// collection is MongoDB's of that name.
func (s shelf) collection(t *testing.T, name string) *mongo.Collection {
	t.Helper()
	u, err := url.Parse(s.uri)
	if err != nil {
		t.Fatal(err)
	}
	client, err := mongo.Connect(options.Client().ApplyURI(s.uri))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	return client.Database(strings.TrimPrefix(u.Path, "/")).Collection(name)
}

// A registration without a UUID is quoted in the error about it.
func TestTextOfARecordIsShownNotObeyed(t *testing.T) {
	s := shelf{uri: mongotest.Shared(t)}
	testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
	evil := bson.M{"_id": "\u009b31m\u202eY\x1b[2J", "group": "default", "schema": 1}
	if _, err := s.collection(t, "instances").InsertOne(t.Context(), evil); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"status", "status --all", "status --all --json", "history", "check", "check --json", "handover"} {
		code, stdout, stderr := inProcess(strings.Fields(line)...)
		if all := stdout + stderr; strings.ContainsAny(all, "\u009b\u202e\x1b") {
			t.Errorf("%s: exit code %d, %q", line, code, all)
		} else if line != "history" && !strings.Contains(all, "31m") {
			t.Errorf("%s does not quote the record: %q", line, all)
		}
	}
}

// feed is an Admin that shows one group, or fails, as the test says.
type feed struct {
	registry.Admin
	read func(ctx context.Context) ([]registry.Term, []registry.Instance, error)
}

func (f feed) Groups(context.Context) ([]string, error) { return []string{"g"}, nil }

func (f feed) Terms(ctx context.Context, _ string, n int) ([]registry.Term, error) {
	terms, _, err := f.read(ctx)
	return terms[:min(n, len(terms))], err
}

func (f feed) Instances(ctx context.Context, _ string) ([]registry.Instance, time.Time, error) {
	_, list, err := f.read(ctx)
	return list, time.Now(), err
}

func (f feed) Info(context.Context) (registry.Info, error) {
	return registry.Info{At: time.Now()}, nil
}

// looking is a looker at a feed.
func looking(f feed, stderr io.Writer) *looker {
	conf := config.Config{Group: "g", Registry: config.Registry{Kind: config.SQLite, Path: "/registry.db"}}
	return &looker{conf: conf, stderr: stderr, admin: f, reg: struct{ backend }{}}
}

func hang(ctx context.Context) ([]registry.Term, []registry.Instance, error) {
	<-ctx.Done()
	return nil, nil, ctx.Err()
}

func TestRegistryThatHangsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stderr testkit.LogBuffer
		l := looking(feed{read: hang}, &stderr)
		begun := time.Now()
		over := l.slowly()
		_, err := l.look(t.Context(), "g", 1)
		over()
		if unavailable := (unavailableError{}); time.Since(begun) != lookTimeout || !errors.As(err, &unavailable) {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
		if want := "registry sqlite:/registry.db: no answer within 5s: "; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		testkit.WantLine(t, stderr.String(), "understudy: waiting for an answer of sqlite:/registry.db\n")
	})
}

func TestWhatIsNotUnderstoodIsNotTakenForNobody(t *testing.T) {
	for err, want := range map[error]int{
		registry.ErrCorrupt: exitUnavailable, registry.ErrSchema: exitUnavailable, registry.ErrTermExhausted: exitUnavailable,
		errors.New("odd"): exitUnavailable, context.DeadlineExceeded: exitUnavailable,
	} {
		var stderr bytes.Buffer
		l := looking(feed{read: func(context.Context) ([]registry.Term, []registry.Instance, error) { return nil, nil, err }}, &stderr)
		_, got := l.look(t.Context(), "g", 1)
		if code := exitCode(got, &stderr); code != want {
			t.Errorf("%v: exit code %d, want %d", err, code, want)
		}
		if unavailable := (unavailableError{}); errors.As(got, &unavailable) == registry.Unreadable(err) {
			t.Errorf("%v: taken for an outage: %v", err, got)
		}
		testkit.WantLine(t, stderr.String(), "understudy: ", strings.TrimPrefix(err.Error(), "registry: "))
	}
}

// member is an instance of the feed.
func memberOf(n byte, host string, beat time.Time) registry.Instance {
	id := uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8000")
	id[15] = n
	return registry.Instance{
		ID: id, Group: "g", Host: host, PID: 100 + int(n), Version: "v1", StartedAt: beat, Heartbeat: beat,
		Status: registry.Status{Candidate: true}, Interval: time.Second, OrphanAfter: time.Minute, Schema: registry.Schema,
	}
}

func lookAt(t testing.TB, terms []registry.Term, list []registry.Instance) status.Group {
	t.Helper()
	l := looking(feed{read: func(context.Context) ([]registry.Term, []registry.Instance, error) { return terms, list, nil }}, new(bytes.Buffer))
	g, err := l.look(context.Background(), "g", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// setBack is a feed of a registry whose clock was set back by two hours: the beats
// of all are from before, but those of the given beat on.
func setBack(alive ...int) feed {
	begun := time.Now()
	return feed{read: func(context.Context) ([]registry.Term, []registry.Instance, error) {
		var list []registry.Instance
		for i := range 2 {
			in := memberOf(byte(i), string(rune('a'+i)), begun.Add(2*time.Hour))
			if passed := time.Since(begun); slices.Contains(alive, i) && passed >= time.Second {
				in.Beat, in.Heartbeat = 1, begun.Add(time.Second)
			}
			list = append(list, in)
		}
		return []registry.Term{{Number: 3, Holder: list[0].ID, Host: "a", StartedAt: begun}}, list, nil
	}}
}

func TestDeadOnesAreNotTakenForAliveAfterTheClockWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stderr testkit.LogBuffer
		l := looking(setBack(), &stderr)
		var s survey
		begun := time.Now()
		err := l.settle(t.Context(), func() (err error) {
			s, err = l.survey(t.Context(), false)
			return err
		})
		took := time.Since(begun)
		if err != nil || s.healthy() || s.groups[0].Count() != (status.Count{Silent: 2}) || took < 1500*time.Millisecond || took > 3*time.Second {
			t.Errorf("%v after %v: %+v", err, took, s.groups)
		}
		if text := plain(showGroup(s.groups[0], 0)); !strings.Contains(text, "  ahead by 2h00m, orphan in 58s  ") {
			t.Error(text)
		}
		if _, _, _, err := l.heir(t.Context(), handoverOptions{}, registry.DefaultTiming); err == nil || !strings.Contains(err.Error(), "would hear the request: a/9a8000 was not seen to beat") {
			t.Errorf("handover: %v", err)
		}
	})
}

func TestHandoverDoesNotGoToTheDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := looking(setBack(0), new(testkit.LogBuffer))
		for _, tt := range []struct{ to, want string }{
			{"b", "b/9a8001 was not seen to beat since the registry's clock was set back; --force"},
			{"", "nobody could take over, of 1 silent: "},
		} {
			g, _, _, err := l.heir(t.Context(), handoverOptions{to: tt.to}, registry.DefaultTiming)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) || !g.Healthy {
				t.Errorf("to %q: %v, want %q; %s", tt.to, err, tt.want, g.Health)
			}
		}
	})
}

func TestLivingOnesAreSoonKnownAfterTheClockWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stderr testkit.LogBuffer
		l := looking(setBack(0, 1), &stderr)
		begun := time.Now()
		g, heir, _, err := l.heir(t.Context(), handoverOptions{to: "b"}, registry.DefaultTiming)
		if took := time.Since(begun); err != nil || heir.Host != "b" || !g.Healthy || took < time.Second || took >= 2*time.Second || stderr.String() != "" {
			t.Errorf("%v after %v: %q, %s; stderr %q", err, took, heir.Host, g.Health, stderr.String())
		}
	})
}

func TestWaitForABeatIsToldAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slowly := setBack()
		read := slowly.read
		slowly.read = func(ctx context.Context) ([]registry.Term, []registry.Instance, error) {
			terms, list, err := read(ctx)
			for i := range list {
				list[i].Interval, list[i].OrphanAfter = time.Minute, time.Hour
			}
			return terms, list, err
		}
		var stderr testkit.LogBuffer
		l := looking(slowly, &stderr)
		begun := time.Now()
		g, _, _, err := l.heir(t.Context(), handoverOptions{}, registry.DefaultTiming)
		if took := time.Since(begun); err == nil || g.Healthy || took < doubtLimit || took > doubtLimit+time.Second {
			t.Errorf("%v after %v", err, took)
		}
		testkit.WantLine(t, stderr.String(), "understudy: the registry's clock was set back: waiting to see who beats\n")
	})
}

// An instance that serves a page, and metrics, remembers what it saw.
func TestFrontJudgesByWhetherABeatMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &front{group: "g"}
		f.shown.Store(&shown{admin: feed{read: func(context.Context) ([]registry.Term, []registry.Instance, error) {
			in := memberOf(1, "a", time.Now()) // as the registry's clock has it, again and again
			return []registry.Term{{Number: 3, Holder: in.ID, StartedAt: time.Now()}}, []registry.Instance{in}, nil
		}}})
		for second := range 20 {
			g, err := f.look(t.Context())
			if err != nil || g.Healthy != (second <= 9) {
				t.Errorf("after %d s: %v, %s", second, err, g.Health)
			}
			time.Sleep(time.Second)
		}
	})
}

func TestLookerForgetsGroupsThatAreGone(t *testing.T) {
	l := looking(feed{}, new(bytes.Buffer))
	m := many{well: map[string]bool{"a": true, "b": true, "c": true}}
	l.admin = m
	for range 2 {
		if _, err := l.survey(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		delete(m.well, "b")
	}
	if len(l.seen) != 2 {
		t.Errorf("it remembers %d groups", len(l.seen))
	}
}
