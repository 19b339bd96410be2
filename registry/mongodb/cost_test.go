package mongodb_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry"
)

// A passive instance reads twice a second. Each read must cost one document, however
// many terms and instances there are.
func TestView_ReadsOneDocumentAsCandidateDoes(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r := open(t, uri)
	for _, group := range []string{"a", "g", "z"} {
		for n := range int64(20) {
			begin(t, r, group, n+1, uuid.Must(uuid.NewV7()))
			in := newInstance(group)
			in.Priority = int(n)
			if _, err := r.Register(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
	}
	database := db(t, uri, "")
	profile(t, database, 2)
	if _, err := r.View(t.Context(), "g"); err != nil {
		t.Fatal(err)
	}
	if in, err := r.Candidate(t.Context(), "g", time.Now(), time.Hour); err != nil || in.Priority != 19 {
		t.Fatalf("Candidate: %+v, %v", in, err)
	}
	if _, err := r.Beat(t.Context(), register(t, r, "g").ID, registry.Status{}); err != nil {
		t.Fatal(err)
	}
	profile(t, database, 0)
	var ops []struct {
		Op   string `bson:"op"`
		Ns   string `bson:"ns"`
		Plan string `bson:"planSummary"`
		Keys int    `bson:"keysExamined"`
		Docs int    `bson:"docsExamined"`
	}
	profiled(t, database, &ops)
	if len(ops) != 5 {
		t.Errorf("%d operations, want 5: two of the view, one each of candidate, register and beat", len(ops))
	}
	for _, op := range ops {
		if op.Docs > 1 || op.Keys > 1 {
			t.Errorf("%s of %s examined %d keys and %d documents by %s, want one", op.Op, op.Ns, op.Keys, op.Docs, op.Plan)
		}
	}
}

func TestOpen_URICannotWeakenTheConcerns(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	p, _ := throughProxy(t, uri)
	r := open(t, "mongodb://"+p.addr()+"/"+databaseOf(uri)+"?directConnection=true&w=1&journal=false&readConcernLevel=local"+
		"&readPreference=secondaryPreferred&retryWrites=true&timeoutMS=0&maxAdaptiveRetries=5")
	p.recorded()
	ctx := t.Context()
	in := register(t, r, "g")
	_, beatErr := r.Beat(ctx, in.ID, in.Status)
	begin(t, r, "g", 1, in.ID)
	_, viewErr := r.View(ctx, "g")
	_, ownErr := r.View(ctx, "g", in.ID)
	_, candidateErr := r.Candidate(ctx, "g", time.Now(), time.Hour)
	handoverErr := r.RequestHandover(ctx, "g", 1, uuid.Nil)
	endErr := r.EndTerm(ctx, "g", 1, in.ID, registry.End{})
	_, orphanErr := r.DeleteOrphan(ctx, in.ID, 1)
	unregisterErr := r.Unregister(ctx, in.ID)
	if err := errors.Join(beatErr, viewErr, ownErr, candidateErr, handoverErr, endErr, orphanErr, unregisterErr); err != nil {
		t.Fatal(err)
	}
	reads, writes, after := 0, 0, 0
	for _, raw := range p.recorded() {
		var command struct {
			Read struct {
				Level string          `bson:"level"`
				After *bson.Timestamp `bson:"afterClusterTime"`
			} `bson:"readConcern"`
			Preference struct {
				Mode string `bson:"mode"`
			} `bson:"$readPreference"`
			Write struct {
				W any  `bson:"w"`
				J bool `bson:"j"`
			} `bson:"writeConcern"`
			Txn     *int64 `bson:"txnNumber"`
			MaxTime int64  `bson:"maxTimeMS"`
		}
		if err := bson.Unmarshal(raw, &command); err != nil {
			t.Fatal(err)
		}
		elements, err := raw.Elements()
		if err != nil {
			t.Fatal(err)
		}
		if on, ok := elements[0].Value().StringValueOK(); ok && strings.HasPrefix(on, "bell") {
			continue // rings are hints
		}
		switch name := elements[0].Key(); name {
		case "find":
			reads++
			if mode := command.Preference.Mode; command.Read.Level != "majority" || mode != "primary" && mode != "primaryPreferred" {
				t.Errorf("%s with %+v from %q, want majority from the primary", name, command.Read, mode)
			}
			if command.Read.After != nil && elements[0].Value().StringValue() == "instances" {
				after++ // the record of the holder is no older than the term
			}
		case "insert", "update", "delete", "findAndModify":
			writes++
			if command.Write.W != "majority" || !command.Write.J || command.Txn != nil {
				t.Errorf("%s with %+v and transaction number %v, want majority, journaled, no retry", name, command.Write, command.Txn)
			}
		case "hello", "isMaster", "ismaster":
			continue // the driver sends these
		default:
			t.Errorf("the command %s was sent, want reads and writes alone", name)
		}
		if command.MaxTime <= 0 {
			t.Errorf("the command %v has no deadline", raw)
		}
	}
	if reads != 4 || writes != 7 || after != 1 {
		t.Errorf("%d reads, %d writes, %d after another; want 4, 7 and 1", reads, writes, after)
	}
}

// profile makes the server keep a record of each operation, or stop doing so.
func profile(t *testing.T, db *mongo.Database, level int) {
	t.Helper()
	if err := db.RunCommand(t.Context(), bson.D{{Key: "profile", Value: level}}).Err(); err != nil {
		t.Fatal(err)
	}
}

// profiled reads the server's records of the registry's operations.
func profiled(t *testing.T, db *mongo.Database, ops any) {
	t.Helper()
	cursor, err := db.Collection("system.profile").Find(t.Context(), bson.M{"ns": bson.M{"$in": bson.A{
		db.Name() + ".terms", db.Name() + ".instances",
	}}})
	if err == nil {
		err = cursor.All(t.Context(), ops)
	}
	if err != nil {
		t.Fatal(err)
	}
}
