package mongostore_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/store/storetest"
	"github.com/understudy-go/understudy/registry"
)

// calls are all calls but Watch.
func calls(s store.Store, h store.Holder, k store.Key) (reads, writes map[string]func(ctx context.Context) error) {
	r := processing(h, k.Run)
	return map[string]func(ctx context.Context) error{
			"Open": func(ctx context.Context) error { _, err := s.Open(ctx, storetest.AnyHolder("g"), nil, 1); return err },
			"Due": func(ctx context.Context) error {
				_, _, err := s.Due(ctx, storetest.AnyHolder("g"), instant, nil, 1)
				return err
			},
			"Retrying": func(ctx context.Context) error { _, err := s.Retrying(ctx, "g"); return err },
			"Jobs":     func(ctx context.Context) error { _, err := s.Jobs(ctx, "g"); return err },
			"Run":      func(ctx context.Context) error { _, err := s.Run(ctx, k); return err },
			"Runs":     func(ctx context.Context) error { _, err := s.Runs(ctx, "g", store.Filter{Limit: 1}); return err },
			"Queue":    func(ctx context.Context) error { _, err := s.Queue(ctx, "g", instant); return err },
			"Payload":  func(ctx context.Context) error { _, err := s.Payload(ctx, k); return err },
			"Chunks":   func(ctx context.Context) error { _, err := s.Chunks(ctx, k, 1, 0); return err },
		}, map[string]func(ctx context.Context) error{
			"Seal": func(ctx context.Context) error { _, err := s.Seal(ctx, h); return err },
			"SaveJobs": func(ctx context.Context) error {
				return s.SaveJobs(ctx, h, []store.Job{{Group: "g", Name: "report", Revision: 1}})
			},
			"Claim":  func(ctx context.Context) error { _, err := s.Claim(ctx, h, []store.Run{r}); return err },
			"Update": func(ctx context.Context) error { _, err := s.Update(ctx, h, r.Version(), r); return err },
			"SetProgress": func(ctx context.Context) error {
				_, err := s.SetProgress(ctx, h, k, 1, store.Progress{})
				return err
			},
			"SaveCheckpoint": func(ctx context.Context) error { return s.SaveCheckpoint(ctx, h, k, 1, nil) },
			"TakeCheckpoint": func(ctx context.Context) error { _, err := s.TakeCheckpoint(ctx, h, k, 1); return err },
			"AppendChunk":    func(ctx context.Context) error { return s.AppendChunk(ctx, h, k, 1, 0, 0, nil) },
			"Submit": func(ctx context.Context) error {
				_, _, err := s.Submit(ctx, triggered("new"), []byte("x"), 10)
				return err
			},
			"Prune": func(ctx context.Context) error {
				_, err := s.Prune(ctx, h, "report", store.Prunable{Before: instant, FailedBefore: instant, Keep: 0}, 10)
				return err
			},
			"Cancel": func(ctx context.Context) error { _, err := s.Cancel(ctx, k, "", ""); return err },
			"Retry":  func(ctx context.Context) error { _, err := s.Retry(ctx, k, ""); return err },
			"Pause":  func(ctx context.Context) error { _, err := s.Pause(ctx, "g", "report", "", ""); return err },
			"Resume": func(ctx context.Context) error { _, err := s.Resume(ctx, "g", "report"); return err },
		}
}

func wantRefused(t *testing.T, what string, err error, parts ...string) {
	t.Helper()
	if !errors.Is(err, registry.ErrRefused) {
		t.Errorf("%s: %v, want ErrRefused", what, err)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v, want %q in it", what, err, part)
		}
	}
	if len(err.Error()) > 700 || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: %v is long", what, err)
	}
}

// A user of another version of the documentation has rights on instances and terms alone.
func TestStore_LackOfRightsIsErrRefusedAndNamesTheRole(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1, mongotest.Auth)
	var privileges bson.A
	for _, name := range []string{"instances", "terms"} {
		privileges = append(privileges, bson.D{
			{Key: "resource", Value: bson.D{{Key: "db", Value: "understudy"}, {Key: "collection", Value: name}}},
			{Key: "actions", Value: bson.A{"find", "insert", "update", "remove", "createIndex", "createCollection"}},
		})
	}
	set.Admin(t, "createRole", "elector", "privileges", privileges, "roles", bson.A{})
	set.Admin(t, "createUser", "app", "pwd", "hunter2", "roles", bson.A{"elector"})
	u, err := url.Parse(set.URI())
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("app", "hunter2")
	r := open(t, u.String())
	reads, writes := calls(r.Jobs(), holder(1), store.Key{Group: "g", Job: "report", Run: "1"})
	for _, list := range []map[string]func(context.Context) error{reads, writes} {
		for name, call := range list {
			wantRefused(t, name, call(t.Context()), `the user "app"`, "understudy.", "grant it the role readWrite in the database understudy")
		}
	}
	if _, err := r.Jobs().Watch(t.Context(), "g"); !errors.Is(err, registry.ErrNoWatch) {
		t.Errorf("Watch: %v, want ErrNoWatch", err)
	}
	if _, err := r.View(t.Context(), "g"); err != nil {
		t.Errorf("View, which this user may: %v", err)
	}
}

func TestStore_RulesOfACollectionAreErrRefused(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	stored := db(t, uri, "")
	validator := bson.M{"$jsonSchema": bson.M{"required": bson.A{"customer"}}}
	for _, name := range []string{"jobs", "runs", "blobs", "chunks"} {
		if err := stored.CreateCollection(t.Context(), name, options.CreateCollection().SetValidator(validator)); err != nil {
			t.Fatal(err)
		}
	}
	s, h := open(t, uri).Jobs(), holder(1)
	k := store.Key{Group: "g", Job: "report", Run: "1"}
	_, writes := calls(s, h, k)
	for name, collection := range map[string]string{"SaveJobs": "jobs", "Claim": "runs", "SaveCheckpoint": "blobs", "AppendChunk": "chunks", "Submit": "blobs"} {
		wantRefused(t, name, writes[name](t.Context()), stored.Name()+"."+collection, "validator", "customer")
	}

	// A run that is refused leaves no payload behind.
	if err := stored.RunCommand(t.Context(), bson.D{{Key: "collMod", Value: "blobs"}, {Key: "validator", Value: bson.D{}}}).Err(); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, "Submit", writes["Submit"](t.Context()), stored.Name()+".runs", "validator", "customer")
	if n, err := stored.Collection("blobs").CountDocuments(t.Context(), bson.D{}); err != nil || n != 0 {
		t.Errorf("%d payloads, %v; want none", n, err)
	}

	if err := stored.Collection("runs").Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	unique := mongo.IndexModel{Keys: bson.D{{Key: "trigger", Value: 1}}, Options: options.Index().SetUnique(true).SetName("foreign")}
	if _, err := stored.Collection("runs").Indexes().CreateOne(t.Context(), unique); err != nil {
		t.Fatal(err)
	}
	claim(t, s, h, processing(h, "1"))
	list, err := s.Claim(t.Context(), h, []store.Run{processing(h, "2")})
	wantRefused(t, "Claim", err, stored.Name()+".runs", "foreign", "(trigger)")
	if list != nil {
		t.Errorf("Claim returned %v beside the error", list)
	}
}

func TestStore_GroupsDifferInCaseWhateverTheCollation(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	stored := db(t, uri, "")
	caseless := options.CreateCollection().SetCollation(&options.Collation{Locale: "en", Strength: 2})
	for _, name := range []string{"jobs", "runs", "blobs", "chunks"} {
		if err := stored.CreateCollection(t.Context(), name, caseless); err != nil {
			t.Fatal(err)
		}
	}
	s, ctx := open(t, uri).Jobs(), t.Context()
	upper, lower := holder(1), holder(1)
	upper.Group, lower.Group = "G", "g"
	claim(t, s, upper, processing(upper, "1"))
	claim(t, s, lower, processing(lower, "2"))
	if err := s.SaveJobs(ctx, upper, []store.Job{{Group: "G", Name: "report", Revision: 1}}); err != nil {
		t.Fatal(err)
	}
	for group, want := range map[string]string{"G": "1", "g": "2"} {
		for name, list := range map[string]func() ([]store.Run, error){
			"Runs": func() ([]store.Run, error) { return s.Runs(ctx, group, store.Filter{Limit: 10}) },
			"Open": func() ([]store.Run, error) { return s.Open(ctx, storetest.AnyHolder(group), nil, 10) },
		} {
			if runs, err := list(); err != nil || len(runs) != 1 || runs[0].Key.Run != want {
				t.Errorf("%s of %s: %v, %v; want run %s", name, group, runs, err, want)
			}
		}
	}
	if jobs, err := s.Jobs(ctx, "g"); err != nil || len(jobs) != 0 {
		t.Errorf("Jobs of g: %v, %v; want none", jobs, err)
	}
	if _, err := s.Pause(ctx, "g", "report", "", ""); !errors.Is(err, store.ErrNoJob) {
		t.Errorf("Pause of g's: %v, want ErrNoJob", err)
	}

	// The unique index of _id has the collation of the collection, whatever a call says.
	_, err := s.Claim(ctx, lower, []store.Run{processing(lower, "1")})
	wantRefused(t, "Claim", err, stored.Name()+".runs", "collation")
	wantRefused(t, "SaveJobs", s.SaveJobs(ctx, lower, []store.Job{{Group: "g", Name: "report", Revision: 1}}), stored.Name()+".jobs", "collation")
	_, _, err = s.Submit(ctx, triggered("1"), nil, 10)
	wantRefused(t, "Submit", err, stored.Name()+".runs", "collation")
}

func TestStore_OpenedToLookItWritesNothing(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	h := holder(1)
	r := claim(t, open(t, uri).Jobs(), h, processing(h, "1"))
	reads, writes := calls(openIn(t, uri, "", registry.Look).Jobs(), h, r.Key)
	for name, call := range writes {
		if err := call(t.Context()); !errors.Is(err, registry.ErrReadOnly) {
			t.Errorf("%s: %v, want ErrReadOnly", name, err)
		}
	}
	for name, call := range reads {
		if err := call(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Each call ends soon after its context, whatever the server does.
func TestStore_CallsToAHungServerEndAtTheirDeadline(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	s, h := open(t, set.URI()).Jobs(), holder(1)
	r := claim(t, s, h, processing(h, "1"))
	awaitIndices(t, db(t, set.URI(), "understudy").Collection("runs"))
	set.Freeze(t, 0)
	defer set.Thaw(t, 0)
	mongotest.Eventually(t, "the freeze of the last thread", func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if _, err := s.Run(ctx, r.Key); err == nil {
			return errors.New("it answers")
		}
		return nil
	})
	reads, writes := calls(s, h, r.Key)
	for _, list := range []map[string]func(context.Context) error{reads, writes} {
		for name, call := range list {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			begun := time.Now()
			if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v, want the context's error", name, err)
			}
			cancel()
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("%s returned after %v, want it soon after its deadline of 100 ms", name, took)
			}
		}
	}
}
