package mongodb_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/finding"
	"github.com/understudy-go/understudy/registry/mongodb"
	"github.com/understudy-go/understudy/registry/registrytest"
)

// checked returns what Check finds, by name. It fails the test if a secret is shown.
func checked(t *testing.T, uri string) map[string]finding.Finding {
	t.Helper()
	return checkedIn(t, uri, "")
}

func checkedIn(t *testing.T, uri, database string) map[string]finding.Finding {
	t.Helper()
	begun := time.Now()
	found := map[string]finding.Finding{}
	for _, f := range mongodb.Check(t.Context(), uri, mongodb.Options{Database: database}, 10*time.Second) {
		t.Logf("%s %s: %s: %s", f.Mark, f.Name, f.Detail, f.Cure)
		found[f.Name] = f
		for _, secret := range []string{"hunter2", "hunter%32", mongotest.Password} {
			if strings.Contains(fmt.Sprint(f), secret) {
				t.Errorf("the finding %s shows the secret %q", f.Name, secret)
			}
		}
		if strings.ContainsAny(f.Detail+f.Cure, "\n\x1b") {
			t.Errorf("the finding %s is not one line of plain text: %q", f.Name, f.Detail+f.Cure)
		}
	}
	if took := time.Since(begun); took > time.Minute {
		t.Errorf("the check took %v, want a minute at most", took)
	}
	return found
}

// wantMarks checks the marks of some findings, and that no other finding is an error.
func wantMarks(t *testing.T, found map[string]finding.Finding, want map[string]finding.Mark) {
	t.Helper()
	for name, mark := range want {
		if found[name].Mark != mark {
			t.Errorf("%s is %q, want %q", name, found[name].Mark, mark)
		}
	}
	for name, f := range found {
		if f.Mark == finding.MarkError && want[name] != finding.MarkError {
			t.Errorf("%s is an error: %s", name, f.Detail)
		}
		if f.Mark == finding.MarkWarning && f.Cure == "" {
			t.Errorf("the warning %s has no cure", name)
		}
	}
}

const fine, warning, fault = finding.MarkOK, finding.MarkWarning, finding.MarkError

func TestCheck_LeavesNothingBehind(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	wantMarks(t, checked(t, uri), map[string]finding.Mark{
		"reachable": fine, "authenticated": warning, "replica set": warning, "writable": fine, "majority": fine,
		"clock": fine, "schema": fine, "index": fine, "watch": fine,
	})
	names, err := db(t, uri, "").ListCollectionNames(t.Context(), bson.D{})
	if err != nil || len(names) > 0 {
		t.Errorf("the check left the collections %v, %v; want none", names, err)
	}
}

func TestCheck_ReportsWhatIsStored(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r := open(t, uri)
	in := register(t, r, "g")
	begin(t, r, "g", 1, in.ID)
	found := checked(t, uri)
	wantMarks(t, found, map[string]finding.Mark{"schema": fine, "index": fine})
	if !strings.Contains(found["schema"].Detail, "instances: 1, terms: 1") || !strings.Contains(found["index"].Detail, "seniority") {
		t.Errorf("schema: %s; index: %s", found["schema"].Detail, found["index"].Detail)
	}

	d := db(t, uri, "")
	spoil(t, d, registrytest.Record{ID: in.ID}, "beat", "many\x1b[31m")
	f := checked(t, uri)["schema"]
	if f.Mark != fault || !errors.Is(f.Err, registry.ErrCorrupt) || f.Cure == "" || !strings.Contains(f.Detail, "instances: 1, terms: 1; unreadable: 1") {
		t.Errorf("with a beat that makes no sense: %+v, want an error with a cure", f)
	}
	spoil(t, d, registrytest.Record{Group: "g", Term: 1}, "schema", int64(99))
	if f := checked(t, uri)["schema"]; f.Mark != fault || !errors.Is(f.Err, registry.ErrSchema) || !strings.Contains(f.Detail, "99") {
		t.Errorf("with a term of a newer version: %+v, want ErrSchema", f)
	}
	if err := d.Collection("instances").Indexes().DropAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f := checked(t, uri)["index"]; f.Mark != fine || !strings.Contains(f.Detail, "there is none yet") {
		t.Errorf("without the index: %+v, want that there is none yet", f)
	}
}

// checkWaysToName checks a set of three by several URIs: by those that always find it,
// and by those that do not, or may not one day.
func checkWaysToName(t *testing.T, set *mongotest.Set) {
	primary := set.Primary(t)
	one, other := "mongodb://"+set.Host(primary)+"/", "mongodb://"+set.Host((primary+1)%3)+"/"
	for _, tt := range []struct {
		uri, finding string
		mark         finding.Mark
		says         string
	}{
		{set.URI(), "replica set", fine, "1 may fail"},
		{one, "replica set", warning, "names one member alone"},
		{other, "replica set", warning, "names one member alone"},
		{one + "?directConnection=true", "replica set", warning, "as soon as another member is the primary"},
		{other + "?directConnection=true", "replica set", fault, "whose primary is another"},
		{one + "?replicaSet=rs0", "reachable", fault, "the replica set's name is understudy: correct replicaSet=rs0"},
	} {
		if f := checked(t, tt.uri)[tt.finding]; f.Mark != tt.mark || !strings.Contains(f.Detail, tt.says) {
			t.Errorf("%s: %s is %q: %s; want %q and %q", tt.uri, tt.finding, f.Mark, f.Detail, tt.mark, tt.says)
		}
	}
	err := refused(t, other+"?directConnection=true", set.Host((primary+1)%3))
	if !errors.Is(err, mongodb.ErrUnreachable) || !strings.Contains(err.Error(), "directConnection=true") {
		t.Errorf("Open of a secondary: %v", err)
	}
}

func TestCheck_StopsAtAServerThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	found := checked(t, "mongodb://me:hunter2@127.0.0.1:9/?authSorce=x")
	if f := found["reachable"]; len(found) != 2 || f.Mark != fault || !errors.Is(f.Err, mongodb.ErrUnreachable) || !strings.Contains(f.Detail, "connection refused") {
		t.Errorf("got %v, want that it is unreachable, and nothing more", found)
	}
	if f := checked(t, "mongodb://me:hunter2@127.0.0.1:9/?connectTimeoutMS=soon")["reachable"]; !errors.Is(f.Err, mongodb.ErrURI) {
		t.Errorf("got %+v, want ErrURI", f)
	}
}
