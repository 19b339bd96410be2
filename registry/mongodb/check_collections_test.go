package mongodb_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry/finding"
	"github.com/understudy-go/understudy/registry/mongodb"
)

// stored returns all that a database holds.
func stored(t *testing.T, d *mongo.Database) string {
	t.Helper()
	names, err := d.ListCollectionNames(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range []string{"instances", "terms"} {
		cursor, err := d.Collection(name).Find(t.Context(), bson.D{}, options.Find().SetSort(bson.M{"_id": 1}))
		if err != nil {
			t.Fatal(err)
		}
		var list []bson.Raw
		if err := cursor.All(t.Context(), &list); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&all, name, list)
	}
	return fmt.Sprint(len(names), all.String())
}

func TestCheck_NamesWhatIsInTheWay(t *testing.T) {
	t.Parallel()
	index := func(collection string, keys bson.D, o *options.IndexOptionsBuilder) func(*testing.T, *mongo.Database) {
		return func(t *testing.T, d *mongo.Database) {
			if _, err := d.Collection(collection).Indexes().CreateOne(t.Context(), mongo.IndexModel{Keys: keys, Options: o}); err != nil {
				t.Fatal(err)
			}
		}
	}
	create := func(name string, o *options.CreateCollectionOptionsBuilder) func(*testing.T, *mongo.Database) {
		return func(t *testing.T, d *mongo.Database) {
			if err := d.CreateCollection(t.Context(), name, o); err != nil {
				t.Fatal(err)
			}
		}
	}
	insert := func(docs ...any) func(*testing.T, *mongo.Database) {
		return func(t *testing.T, d *mongo.Database) {
			if _, err := d.Collection("instances").InsertMany(t.Context(), docs); err != nil {
				t.Fatal(err)
			}
		}
	}
	used := func(t *testing.T, d *mongo.Database) { // as if an instance had run
		for _, name := range []string{"instances", "terms"} {
			if err := d.CreateCollection(t.Context(), name); err != nil && !strings.Contains(err.Error(), "exists") {
				t.Fatal(err)
			}
		}
	}
	type steps []func(*testing.T, *mongo.Database)
	for _, tt := range []struct {
		name  string
		make  steps
		marks map[string]finding.Mark
		says  []string
	}{
		{"nothing", steps{used}, map[string]finding.Mark{"collections": fine, "trial": fine}, []string{"nothing hinders an instance", "was undone"}},
		{"a validator that refuses", steps{create("terms", options.CreateCollection().SetValidator(bson.M{"customer": bson.M{"$exists": true}})), used},
			map[string]finding.Mark{"collections": warning, "trial": fault}, []string{`collMod: "terms"`, "begin term", "validator"}},
		{"a validator of instances", steps{create("instances", options.CreateCollection().SetValidator(bson.M{"customer": bson.M{"$exists": true}})), used},
			map[string]finding.Mark{"collections": warning, "trial": fault}, []string{`collMod: "instances"`, "register", "validator"}},
		{"a validator that does not", steps{create("terms", options.CreateCollection().SetValidator(bson.M{"schema": bson.M{"$gte": 1}})), used},
			map[string]finding.Mark{"collections": warning, "trial": fine}, []string{"what the next version writes may be refused"}},
		{"a TTL index on terms", steps{index("terms", bson.D{{Key: "startedAt", Value: 1}}, options.Index().SetExpireAfterSeconds(60)), used},
			map[string]finding.Mark{"collections": fault, "trial": fine}, []string{`db.terms.dropIndex("startedAt_1")`, "given out again"}},
		{"a TTL index on instances", steps{index("instances", bson.D{{Key: "heartbeat", Value: 1}}, options.Index().SetExpireAfterSeconds(60)), used},
			map[string]finding.Mark{"collections": fault, "trial": fine}, []string{`db.instances.dropIndex("heartbeat_1")`}},
		{"a collation", steps{create("terms", options.CreateCollection().SetCollation(&options.Collation{Locale: "en", Strength: 2})), used},
			map[string]finding.Mark{"collections": fault}, []string{"the groups A and a", "strength 2"}},
		{"a collation that ignores nothing", steps{create("terms", options.CreateCollection().SetCollation(&options.Collation{Locale: "en"})), used},
			map[string]finding.Mark{"collections": warning, "trial": fine}, []string{"strength 3"}},
		{"capped terms", steps{create("terms", options.CreateCollection().SetCapped(true).SetSizeInBytes(1<<20)), used},
			map[string]finding.Mark{"collections": fault}, []string{"terms is capped"}},
		{"a unique index of an application", steps{index("instances", bson.D{{Key: "email", Value: 1}}, options.Index().SetUnique(true)), used},
			map[string]finding.Mark{"collections": fault, "trial": fault}, []string{`the index "email_1" of instances (email)`}},
		{"a unique index on terms", steps{index("terms", bson.D{{Key: "slug", Value: 1}}, options.Index().SetUnique(true)), used},
			map[string]finding.Mark{"collections": fault, "trial": fault}, []string{`the index "slug_1" of terms (slug)`}},
		{"a unique index that skips our records", steps{index("terms", bson.D{{Key: "slug", Value: 1}}, options.Index().SetUnique(true).SetSparse(true)), used},
			map[string]finding.Mark{"collections": warning, "trial": fine}, []string{`"slug_1"`}},
		{"a view", steps{func(t *testing.T, d *mongo.Database) {
			if err := d.CreateView(t.Context(), "terms", "else", mongo.Pipeline{}); err != nil {
				t.Fatal(err)
			}
		}}, map[string]finding.Mark{"collections": fault}, []string{"is a view", "UNDERSTUDY_DATABASE"}},
		{"a time series", steps{create("terms", options.CreateCollection().SetTimeSeriesOptions(options.TimeSeries().SetTimeField("at")))},
			map[string]finding.Mark{"collections": fault}, []string{"is a timeseries"}},
		{"records of an application", steps{insert(bson.M{"_id": 1, "email": "a@b.c"}, bson.M{"_id": "x", "group": "sales"}), used},
			map[string]finding.Mark{"schema": fault, "trial": fine}, []string{"of another program, for they have no schema: 2", "leave them alone, and name another database"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			uri := mongotest.Shared(t)
			d := db(t, uri, "")
			for _, step := range tt.make {
				step(t, d)
			}
			before := stored(t, d)
			var all []string
			found := map[string]finding.Finding{}
			for _, f := range mongodb.Check(t.Context(), uri, mongodb.Options{}, 10*time.Second) {
				text := fmt.Sprintf("%s %s: %s: %s", f.Mark, f.Name, f.Detail, f.Cure)
				t.Log(text)
				all = append(all, text)
				if found[f.Name].Mark != fault {
					found[f.Name] = f
				}
			}
			wantMarks(t, found, tt.marks)
			for _, text := range tt.says {
				if !strings.Contains(strings.Join(all, "\n"), text) {
					t.Errorf("no finding says %q", text)
				}
			}
			for _, text := range []string{"majority of the replica set's members is up", "repair or delete"} {
				if strings.Contains(strings.Join(all, "\n"), text) {
					t.Errorf("a finding advises %q, which does not help", text)
				}
			}
			if after := stored(t, d); after != before {
				t.Errorf("the check left something behind: before it there was\n%s\nand after it\n%s", before, after)
			}
		})
	}
}

func TestCheck_TrialLeavesNothingBehindIfTheProcessIsKilled(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	r := open(t, set.URI())
	begin(t, r, "g", 1, register(t, r, "g").ID)
	d := db(t, set.URI(), "understudy")
	awaitRings(t, d, "g", 1)
	before := stored(t, d)
	// As if the process were gone: its abort of the transaction does not arrive while the
	// check waits for it.
	set.FailCommand(t, 10, "failCommands", bson.A{"abortTransaction"}, "blockConnection", true, "blockTimeMS", 5000)
	if f := checked(t, set.URI())["trial"]; f.Mark != fine || !strings.Contains(f.Detail, "two instances were registered") {
		t.Errorf("%+v, want a trial", f)
	}
	if after := stored(t, d); after != before {
		t.Errorf("the check left something behind: before it there was\n%s\nand after it\n%s", before, after)
	}
}
