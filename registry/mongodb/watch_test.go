package mongodb_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/mongodb"
)

// watch watches a group until the test ends, or the function that it returns is called.
func watch(t *testing.T, r *mongodb.Registry, group string) (<-chan registry.Notice, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	changes, err := r.Watch(ctx, group)
	if err != nil {
		t.Fatal(err)
	}
	return changes, cancel
}

// noticed waits for a notice after which the group's latest term has the number.
func noticed(t *testing.T, r *mongodb.Registry, changes <-chan registry.Notice, group string, number int64) {
	t.Helper()
	timeout := time.After(3 * time.Minute)
	for {
		select {
		case _, ok := <-changes:
			if !ok {
				t.Fatalf("the watch of %s broke", group)
			}
		case <-timeout:
			t.Fatalf("no notice of term %d of %s", number, group)
		}
		if last := latest(t, r, group); last != nil && last.Number == number {
			return
		}
	}
}

// cursors returns the collections of the bell on which cursors are open, one for each.
func cursors(t *testing.T, d *mongo.Database) (on []string) {
	t.Helper()
	cursor, err := d.Client().Database("admin").Aggregate(t.Context(), bson.A{
		bson.M{"$currentOp": bson.M{"allUsers": true, "idleCursors": true}},
		bson.M{"$match": bson.M{"ns": bson.M{"$regex": "^" + d.Name() + "\\.bell"}, "cursor.tailable": true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Ns string `bson:"ns"`
	}
	if err := cursor.All(t.Context(), &list); err != nil {
		t.Fatal(err)
	}
	for _, op := range list {
		on = append(on, op.Ns)
	}
	slices.Sort(on)
	return on
}

// wantCursors waits until there are cursors on a number of collections, one on each.
func wantCursors(t *testing.T, d *mongo.Database, number int) {
	t.Helper()
	mongotest.Eventually(t, fmt.Sprintf("%d cursors", number), func() error {
		if on := cursors(t, d); len(on) != number || len(slices.Compact(slices.Clone(on))) != number {
			return fmt.Errorf("there are %d: %q", len(on), on)
		}
		return nil
	})
}

func TestWatch_TwoHundredGroupsShareSixteenCursors(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r, truth, d := open(t, uri), open(t, uri), db(t, uri, "")
	const groups = 200
	var (
		changes [groups]<-chan registry.Notice
		cancels [groups]context.CancelFunc
	)
	group := func(i int) string { return fmt.Sprint("g", i) }
	for i := range groups {
		changes[i], cancels[i] = watch(t, r, group(i))
		if i%20 == 1 { // the others went on while it joined
			begin(t, truth, group(i-1), 1, uuid.Must(uuid.NewV7()))
			noticed(t, r, changes[i-1], group(i-1), 1)
		}
	}
	for i := range groups {
		begin(t, truth, group(i), 2, uuid.Must(uuid.NewV7()))
	}
	for i := range groups {
		noticed(t, r, changes[i], group(i), 2)
	}
	wantCursors(t, d, 16)
	for _, cancel := range cancels[1:] {
		cancel()
	}
	begin(t, truth, group(0), 3, uuid.Must(uuid.NewV7()))
	noticed(t, r, changes[0], group(0), 3)
	wantCursors(t, d, 1)
	cancels[0]()
	wantCursors(t, d, 0)
	changes[0], _ = watch(t, r, group(0))
	begin(t, truth, group(0), 4, uuid.Must(uuid.NewV7()))
	noticed(t, r, changes[0], group(0), 4)
}

func TestWatch_IsSilentAboutOtherGroups(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r := open(t, uri)
	mine, _ := watch(t, r, "mine")
	other, _ := watch(t, r, "other")
	// A stream that opens wakes all watchers, and only then passes on changes.
	begin(t, r, "other", 1, uuid.Must(uuid.NewV7()))
	noticed(t, r, other, "other", 1)
	for quiet := false; !quiet; {
		select {
		case <-mine:
		case <-time.After(100 * time.Millisecond):
			quiet = true
		}
	}
	for n := int64(2); n <= 10; n++ {
		begin(t, r, "other", n, uuid.Must(uuid.NewV7()))
	}
	noticed(t, r, other, "other", 10)
	select {
	case <-mine:
		t.Error("a notice came of the terms of another group")
	default:
	}
	begin(t, r, "mine", 1, uuid.Must(uuid.NewV7()))
	woken := 0
	for timeout := time.After(3 * time.Minute); woken == 0; {
		select {
		case <-mine:
			woken++
		case <-timeout:
			t.Fatal("no notice")
		}
	}
	select {
	case <-mine:
		t.Error("a second notice came, although one term began")
	case <-time.After(200 * time.Millisecond):
	}
}

// Watchers join and leave, so that the stream is replaced, while another group changes.
// No change of that group is lost.
func TestWatch_MissesNoChangeWhileOthersJoinAndLeave(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r, truth := open(t, uri), open(t, uri)
	var joining sync.WaitGroup
	stop := make(chan struct{})
	joining.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			ctx, cancel := context.WithCancel(t.Context())
			if _, err := r.Watch(ctx, fmt.Sprint("other", i)); err != nil {
				t.Error(err)
			}
			cancel()
		}
	})
	for n := range int64(100) {
		changes, cancel := watch(t, r, "g")
		select {
		case <-changes: // every watch begins with a notice
		default:
		}
		begin(t, truth, "g", n+1, uuid.Must(uuid.NewV7()))
		noticed(t, r, changes, "g", n+1)
		cancel()
	}
	close(stop)
	joining.Wait()
}

// A cursor that is replaced may not have passed on all rings yet.
func TestWatch_RingsThatCameWhileACursorWasReplacedAreNotLost(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	p, r := throughProxy(t, uri)
	truth := open(t, uri)
	p.holdBack("getMore")
	mine, _ := watch(t, r, "mine")
	for quiet := false; !quiet; {
		select {
		case <-mine:
		case <-time.After(500 * time.Millisecond):
			quiet = true
		}
	}
	begin(t, truth, "mine", 1, uuid.Must(uuid.NewV7()))
	mongotest.Eventually(t, "the ring", func() error {
		if n := rings(t, db(t, uri, ""), "mine"); n == 0 {
			return errors.New("it has not come")
		}
		return nil
	})
	p.goOn() // the request that waits already goes on waiting
	_, _ = watch(t, r, inTheSlotOf("mine"))
	select {
	case _, ok := <-mine:
		if !ok {
			t.Error("the watch broke")
		}
	case <-time.After(10 * time.Second):
		t.Error("a term began, and no notice came")
	}
}

// inTheSlotOf returns another group that has its rings in the same collection.
func inTheSlotOf(group string) string {
	for i := 0; ; i++ {
		if other := fmt.Sprint("other", i); slot(other) == slot(group) {
			return other
		}
	}
}

// slot is the number of a group's collection. It must not change: all versions that are in
// use at a time have to agree.
func slot(group string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(group))
	return h.Sum32() % 16
}

// rings counts what is left of the rings of a group.
func rings(t *testing.T, d *mongo.Database, group string) int64 {
	t.Helper()
	n, err := d.Collection(fmt.Sprint("bell", slot(group))).CountDocuments(t.Context(), bson.M{"group": group})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWatch_EndsWhenTheRegistryIsClosed(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r, err := mongodb.Open(t.Context(), uri, mongodb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	changes, _ := watch(t, r, "a")
	more, _ := watch(t, r, "b")
	if err := r.Close(t.Context()); err != nil {
		t.Error(err)
	}
	for _, ch := range []<-chan registry.Notice{changes, more} {
		for range ch {
		}
	}
	_, err = r.Watch(t.Context(), "a")
	if !errors.Is(err, registry.ErrClosed) {
		t.Errorf("Watch after Close: %v", err)
	}
}
