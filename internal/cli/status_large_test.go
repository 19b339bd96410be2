package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/testkit"
)

// fill adds n passive instances to a group.
func (s testRegistry) fill(t *testing.T, group string, n int) {
	t.Helper()
	host := func(i int) string { return fmt.Sprintf("worker-%04d.example.org", i) }
	first := s.join(t, group, host(0))
	if strings.HasPrefix(s.uri, "sqlite:") {
		for i := 1; i < n; i++ {
			s.join(t, group, host(i))
		}
		return
	}
	instances := s.collection(t, "instances") // a thousand writes, each by a majority, would take long
	var record bson.M
	if err := instances.FindOne(t.Context(), bson.M{"_id": bson.Binary{Subtype: bson.TypeBinaryUUID, Data: first[:]}}).Decode(&record); err != nil {
		t.Fatal(err)
	}
	var all []bson.M
	for i := 1; i < n; i++ {
		id, r := uuid.Must(uuid.NewV7()), maps.Clone(record)
		r["_id"], r["host"] = bson.Binary{Subtype: bson.TypeBinaryUUID, Data: id[:]}, host(i)
		all = append(all, r)
	}
	if _, err := instances.InsertMany(t.Context(), all); err != nil {
		t.Fatal(err)
	}
}

func TestStatus_OfAThousandInstancesIsFast(t *testing.T) {
	const target, bound = 200 * time.Millisecond, time.Second // on an idle machine, and on any
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		s.begin(t, "default", 1, s.join(t, "default", "a"), "a")
		s.fill(t, "default", 999)
		var took []time.Duration
		for range 7 {
			begun := time.Now()
			code, stdout, stderr := inProcess("status")
			took = append(took, time.Since(begun))
			if code != exitcode.OK || stderr != "" || !strings.HasPrefix(stdout, "default: 1 active, 999 passive\n") || strings.Count(stdout, "\n") < 1000 {
				t.Fatalf("exit code %d, stderr %q\n%.300s", code, stderr, stdout)
			}
		}
		slices.Sort(took)
		median := took[len(took)/2]
		t.Logf("median %v, from %v to %v; the target is %v", median, took[0], took[len(took)-1], target)
		if median > bound {
			t.Errorf("median %v, want less than %v", median, bound)
		}
	})
}
