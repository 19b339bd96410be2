package mongodb_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry"
)

// An instance that promised to beat seldom may be live although its last beat is old. So
// the first few of them are examined one by one. Behind any number of dead ones, an
// instance that beats is found nevertheless.
func TestCandidate_FindsALiveInstanceBehindManyDeadOnesOfLongIntervals(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r := open(t, uri)
	stored := db(t, uri, "").Collection("instances")
	join := func(priority int, interval time.Duration, silent time.Duration) uuid.UUID {
		in := newInstance("g")
		in.Priority, in.Interval, in.OrphanAfter = priority, interval, time.Hour+10*interval
		ack, err := r.Register(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		set(t, stored, in.ID, bson.M{"heartbeat": ack.At.Add(-silent)})
		return in.ID
	}
	slow := join(9, time.Minute, 2*time.Minute)
	if in, err := r.Candidate(t.Context(), "g", time.Now(), time.Minute); err != nil || in.ID != slow {
		t.Errorf("Candidate: %v, %v; want %v, which beats seldom and is live", in.ID, err, slow)
	}
	if in, err := r.Candidate(t.Context(), "g", time.Now(), time.Minute, slow); !errors.Is(err, registry.ErrNoCandidate) {
		t.Errorf("Candidate without it: %v, %v", in.ID, err)
	}
	set(t, stored, slow, bson.M{"heartbeat": time.Now().Add(-time.Hour)})
	for range 10 {
		join(9, time.Minute, time.Hour)
	}
	live := join(1, time.Second, 0)
	if in, err := r.Candidate(t.Context(), "g", time.Now(), time.Minute); err != nil || in.ID != live {
		t.Errorf("Candidate: %v, %v; want %v", in.ID, err, live)
	}
}

// No call reads more than a few times, whatever is stored.
func TestCandidate_ReadsABoundedNumberOfTimes(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	p, r := throughProxy(t, uri)
	stored := db(t, uri, "").Collection("instances")
	for range 20 {
		in := register(t, r, "g")
		if _, err := stored.UpdateOne(t.Context(), bson.M{"_id": id(in.ID)}, bson.M{"$set": bson.M{"beat": "many", "term": int64(7)}}); err != nil {
			t.Fatal(err)
		}
	}
	for name, call := range map[string]func(ctx context.Context) error{
		"Candidate": func(ctx context.Context) error { _, err := r.Candidate(ctx, "g", time.Now(), time.Hour); return err },
		"Claimant":  func(ctx context.Context) error { _, err := r.Claimant(ctx, "g", 1); return err },
	} {
		p.recorded()
		if err := call(t.Context()); !errors.Is(err, registry.ErrNoCandidate) && !errors.Is(err, registry.ErrNoClaimant) {
			t.Errorf("%s: %v", name, err)
		}
		reads := 0
		for _, command := range p.recorded() {
			if command.Lookup("find").Type != 0 {
				reads++
				if command.Lookup("maxTimeMS").AsInt64() <= 0 {
					t.Errorf("%s: %v has no deadline", name, command)
				}
			}
		}
		if reads == 0 || reads > 6 {
			t.Errorf("%s read %d times, want a few", name, reads)
		}
	}
}

// This program writes whole numbers of one type. A whole number of another type counts
// all the same, and no other value does.
func TestClaimant_FindsATermOfAnyNumericType(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r := open(t, uri)
	stored := db(t, uri, "").Collection("instances")
	in := register(t, r, "g")
	for _, term := range []any{int32(5), 5.0, int64(5)} {
		set(t, stored, in.ID, bson.M{"term": term})
		if got, err := r.Claimant(t.Context(), "g", 4); err != nil || got.ID != in.ID || got.Term != 5 {
			t.Errorf("Claimant of a term of the type %T: %+v, %v; want %v with term 5", term, got, err, in.ID)
		}
	}
	for _, term := range []any{"5", 5.5, bson.A{int64(5)}, true, nil, time.Now()} {
		set(t, stored, in.ID, bson.M{"term": term})
		if got, err := r.Claimant(t.Context(), "g", 4); !errors.Is(err, registry.ErrNoClaimant) {
			t.Errorf("Claimant of the term %v: %+v, %v; want ErrNoClaimant", term, got, err)
		}
	}
}

func TestSilent_IsBoundedAndOddRecordsDisplaceNobody(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r := open(t, uri)
	stored := db(t, uri, "").Collection("instances")
	now := time.Now()
	var docs []any
	add := func(n int, beat any, from time.Time) (last uuid.UUID) {
		for i := range n {
			last = uuid.Must(uuid.NewV7())
			docs = append(docs, bson.D{
				{Key: "_id", Value: id(last)}, {Key: "group", Value: "g"}, {Key: "beat", Value: beat},
				{Key: "heartbeat", Value: from.Add(time.Duration(i) * time.Millisecond)}, {Key: "schema", Value: int64(1)},
			})
		}
		return last
	}
	add(registry.MaxSilent+200, "many", now.Add(-48*time.Hour))
	first := len(docs)
	add(registry.MaxSilent+200, int64(3), now.Add(-24*time.Hour))
	ahead := add(1, int64(3), now.Add(24*time.Hour))
	double := add(1, 3.0, now.Add(-72*time.Hour)) // a number of another type, which this program can read
	if _, err := stored.InsertMany(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	list, err := r.Silent(t.Context(), "g", now, time.Minute)
	if !errors.Is(err, registry.ErrCorrupt) {
		t.Errorf("Silent: %v, want ErrCorrupt beside the list", err)
	}
	if len(list) != registry.MaxSilent {
		t.Fatalf("Silent: %d of them, want %d", len(list), registry.MaxSilent)
	}
	for i, in := range list[1:] {
		if in.Heartbeat.Before(list[i].Heartbeat) {
			t.Fatalf("Silent: heartbeat %d is earlier than the one before it", i+1)
		}
	}
	if list[0].ID != double || !id(list[1].ID).Equal(docs[first].(bson.D)[0].Value.(bson.Binary)) {
		t.Errorf("Silent: the first are %v and %v, want %v and the earliest of the ordinary ones", list[0].ID, list[1].ID, double)
	}
	if _, err := stored.DeleteMany(t.Context(), bson.M{"heartbeat": bson.M{"$lt": now.Add(-time.Hour)}}); err != nil {
		t.Fatal(err)
	}
	if list, err := r.Silent(t.Context(), "g", now, time.Minute); err != nil || len(list) != 1 || list[0].ID != ahead {
		t.Errorf("Silent: %v, %v; want %v", list, err, ahead)
	}
}
