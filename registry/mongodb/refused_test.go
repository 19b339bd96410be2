package mongodb_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry"
)

// wantRefused checks that an error is ErrRefused, that it names the parts, and that it
// is short.
func wantRefused(t *testing.T, what string, err error, parts ...string) {
	t.Helper()
	if !errors.Is(err, registry.ErrRefused) || errors.Is(err, registry.ErrTermTaken) || errors.Is(err, registry.ErrRegistered) {
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

func unique(t *testing.T, c *mongo.Collection, name string, keys bson.D) {
	t.Helper()
	_, err := c.Indexes().CreateOne(t.Context(), mongo.IndexModel{Keys: keys, Options: options.Index().SetUnique(true).SetName(name)})
	if err != nil {
		t.Fatal(err)
	}
}

// A duplicate of another key than the _id does not tell which record came first.
func TestRegistry_DuplicateOfAnotherUniqueIndexIsErrRefused(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r := open(t, uri)
	stored := db(t, uri, "")
	unique(t, stored.Collection("instances"), "one index: per host", bson.D{{Key: "host", Value: 1}, {Key: "pid", Value: 1}})
	unique(t, stored.Collection("terms"), "foreign", bson.D{{Key: "nothing", Value: 1}})
	name := stored.Name()

	first := register(t, r, "g")
	_, err := r.Register(t.Context(), newInstance("g"))
	wantRefused(t, "Register", err, name+".instances", "(host, pid)", "one index")
	_, err = r.Register(t.Context(), first)
	if !errors.Is(err, registry.ErrRegistered) && !errors.Is(err, registry.ErrRefused) { // both keys exist, and the server may name either
		t.Errorf("Register of the same UUID: %v", err)
	}
	begin(t, r, "g", 1, first.ID)
	err = r.BeginTerm(t.Context(), registry.Term{Group: "g", Number: 2, Holder: first.ID})
	wantRefused(t, "BeginTerm", err, name+".terms", "foreign", "(nothing)")
	if latest(t, r, "g").Number != 1 {
		t.Error("the term was begun although the index refused it")
	}

	unique(t, stored.Collection("instances"), "one role", bson.D{{Key: "role", Value: 1}})
	other := newInstance("g")
	other.PID, other.Role = 2, "other"
	if _, err := r.Register(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	_, err = r.Beat(t.Context(), other.ID, registry.Status{Role: registry.Passive})
	wantRefused(t, "Beat", err, "one role", "(role)")
}

func TestRegistry_NamesAValidatorThatRefuses(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	stored := db(t, uri, "")
	validator := bson.M{"$jsonSchema": bson.M{"required": bson.A{"customer"}}}
	for _, name := range []string{"instances", "terms"} {
		if err := stored.CreateCollection(t.Context(), name, options.CreateCollection().SetValidator(validator)); err != nil {
			t.Fatal(err)
		}
	}
	r := open(t, uri)
	_, err := r.Register(t.Context(), newInstance("g"))
	wantRefused(t, "Register", err, stored.Name()+".instances", "validator", "customer")
	err = r.BeginTerm(t.Context(), registry.Term{Group: "g", Number: 1, Holder: uuid.New()})
	wantRefused(t, "BeginTerm", err, stored.Name()+".terms", "validator", "customer")
}

func TestRegistry_NamesAViewInsteadOfACollection(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r := open(t, uri)
	stored := db(t, uri, "")
	in := newInstance("g")
	for _, name := range []string{"instances", "terms"} {
		if err := stored.Collection(name).Drop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := stored.CreateView(t.Context(), name, "elsewhere", mongo.Pipeline{}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := r.Register(t.Context(), in)
	wantRefused(t, "Register", err, stored.Name()+".instances is a view")
	_, err = r.Beat(t.Context(), in.ID, in.Status)
	wantRefused(t, "Beat", err, stored.Name()+".instances is a view")
	err = r.BeginTerm(t.Context(), registry.Term{Group: "g", Number: 1, Holder: in.ID})
	wantRefused(t, "BeginTerm", err, stored.Name()+".terms is a view")
	wantRefused(t, "EndTerm", r.EndTerm(t.Context(), "g", 1, in.ID, registry.End{}), stored.Name()+".terms is a view")
	wantRefused(t, "RequestHandover", r.RequestHandover(t.Context(), "g", 1, uuid.Nil), stored.Name()+".terms is a view")
	_, err = r.DeleteOrphan(t.Context(), in.ID, 1)
	wantRefused(t, "DeleteOrphan", err, stored.Name()+".instances is a view")
	wantRefused(t, "Unregister", r.Unregister(t.Context(), in.ID), stored.Name()+".instances is a view")
}

// A role is revoked, and a password is changed, while the registry is open.
func TestRegistry_LostRightsAreErrRefused(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1, mongotest.Auth)
	set.Admin(t, "createUser", "app", "pwd", "hunter2", "roles", []map[string]string{{"role": "readWrite", "db": "understudy"}})
	_, rest, _ := strings.Cut(set.URI(), "@")
	_, query, _ := strings.Cut(rest, "?")
	p := startProxy(t, set.Host(0))
	r := open(t, "mongodb://app:hunter2@"+p.addr()+"/?directConnection=true&"+query)
	in := register(t, r, "g")
	begin(t, r, "g", 1, in.ID)
	set.Admin(t, "grantRolesToUser", "app", "roles", []map[string]string{{"role": "read", "db": "understudy"}})
	set.Admin(t, "revokeRolesFromUser", "app", "roles", []map[string]string{{"role": "readWrite", "db": "understudy"}})
	_, err := r.Beat(t.Context(), in.ID, in.Status)
	wantRefused(t, "Beat", err, `the user "app"`, "understudy.instances", "readWrite in the database understudy")
	err = r.EndTerm(t.Context(), "g", 1, in.ID, registry.End{})
	wantRefused(t, "EndTerm", err, `the user "app"`, "understudy.terms")
	if _, err := r.View(t.Context(), "g"); err != nil {
		t.Errorf("View, which it still may: %v", err)
	}
	set.Admin(t, "revokeRolesFromUser", "app", "roles", []map[string]string{{"role": "read", "db": "understudy"}})
	for name, call := range map[string]func(ctx context.Context) error{
		"View":      func(ctx context.Context) error { _, err := r.View(ctx, "g"); return err },
		"Candidate": func(ctx context.Context) error { _, err := r.Candidate(ctx, "g", time.Now(), time.Hour); return err },
		"Claimant":  func(ctx context.Context) error { _, err := r.Claimant(ctx, "g", 1); return err },
		"Silent":    func(ctx context.Context) error { _, err := r.Silent(ctx, "g", time.Now(), time.Hour); return err },
		"Instances": func(ctx context.Context) error { _, _, err := r.Instances(ctx, "g"); return err },
		"Terms":     func(ctx context.Context) error { _, err := r.Terms(ctx, "g", 1); return err },
		"Groups":    func(ctx context.Context) error { _, err := r.Groups(ctx); return err },
		"BeginTerm": func(ctx context.Context) error {
			return r.BeginTerm(ctx, registry.Term{Group: "g", Number: 2, Holder: in.ID})
		},
	} {
		wantRefused(t, name, call(t.Context()), `the user "app"`)
	}

	set.Admin(t, "grantRolesToUser", "app", "roles", []map[string]string{{"role": "readWrite", "db": "understudy"}})
	set.Admin(t, "updateUser", "app", "pwd", "another")
	p.cut() // the server does not ask an open connection for the password again
	mongotest.Eventually(t, "a refusal of the old password", func() error {
		_, err := r.Beat(t.Context(), in.ID, in.Status)
		if err == nil {
			t.Fatal("a beat with the old password works")
		}
		if !errors.Is(err, registry.ErrRefused) {
			return err // the connection was cut
		}
		wantRefused(t, "Beat", err, `the user "app"`, "password")
		return nil
	})
	set.Admin(t, "updateUser", "app", "pwd", "hunter2")
	mongotest.Eventually(t, "a beat", func() error { _, err := r.Beat(t.Context(), in.ID, in.Status); return err })
	set.Admin(t, "dropUser", "app")
	_, err = r.Beat(t.Context(), in.ID, in.Status)
	wantRefused(t, "Beat of a user that is gone", err, `the user "app"`)
}

func TestRegistry_GroupsDifferInCaseWhateverTheCollation(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	stored := db(t, uri, "")
	caseless := options.CreateCollection().SetCollation(&options.Collation{Locale: "en", Strength: 2})
	for _, name := range []string{"instances", "terms"} {
		if err := stored.CreateCollection(t.Context(), name, caseless); err != nil {
			t.Fatal(err)
		}
	}
	r := open(t, uri)
	ctx := t.Context()
	upper, lower := register(t, r, "A"), register(t, r, "a")
	begin(t, r, "A", 1, upper.ID)
	if v, err := r.View(ctx, "a"); err != nil || v.Latest != nil {
		t.Errorf("View of a: %+v, %v; want none", v.Latest, err)
	}
	begin(t, r, "a", 2, lower.ID) // term 1 is refused, see below
	if v, err := r.View(ctx, "A"); err != nil || v.Number() != 1 || v.Latest.Holder != upper.ID {
		t.Errorf("View of A: %+v, %v", v.Latest, err)
	}
	for group, want := range map[string]registry.Instance{"A": upper, "a": lower} {
		if in, err := r.Candidate(ctx, group, time.Now(), time.Hour); err != nil || in.ID != want.ID {
			t.Errorf("Candidate of %s: %v, %v", group, in.ID, err)
		}
		if in, err := r.Claimant(ctx, group, -1); err != nil || in.ID != want.ID {
			t.Errorf("Claimant of %s: %v, %v", group, in.ID, err)
		}
		if list, _, err := r.Instances(ctx, group); err != nil || len(list) != 1 || list[0].ID != want.ID {
			t.Errorf("Instances of %s: %v, %v", group, list, err)
		}
		if list, err := r.Silent(ctx, group, time.Now().Add(time.Hour), time.Minute); err != nil || len(list) != 1 || list[0].ID != want.ID {
			t.Errorf("Silent of %s: %v, %v", group, list, err)
		}
		if list, err := r.Terms(ctx, group, 10); err != nil || len(list) != 1 || list[0].Holder != want.ID {
			t.Errorf("Terms of %s: %v, %v", group, list, err)
		}
	}
	if names, err := r.Groups(ctx); err != nil || strings.Join(names, " ") != "A a" {
		t.Errorf("Groups: %v, %v", names, err)
	}
	if err := r.EndTerm(ctx, "a", 1, upper.ID, registry.End{Reason: registry.Stopped}); err != nil || !latest(t, r, "A").Open() {
		t.Errorf("EndTerm of a ended A's: %v", err)
	}
	if err := r.RequestHandover(ctx, "a", 1, uuid.Nil); !errors.Is(err, registry.ErrNoTerm) {
		t.Errorf("RequestHandover of a: %v, want ErrNoTerm", err)
	}

	// The unique index of _id has the collation of the collection, whatever a call says.
	err := r.BeginTerm(ctx, registry.Term{Group: "a", Number: 1, Holder: lower.ID})
	wantRefused(t, "BeginTerm", err, stored.Name()+".terms", "collation")
	err = r.BeginTerm(ctx, registry.Term{Group: "A", Number: 1, Holder: lower.ID})
	if !errors.Is(err, registry.ErrTermTaken) {
		t.Errorf("BeginTerm of a term that is there: %v, want ErrTermTaken", err)
	}
}
