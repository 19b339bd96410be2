package mongodb_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/mongodb"
)

// bellOf returns the name of the collection in which a group rings.
func bellOf(group string) string { return fmt.Sprint("bell", slot(group)) }

// drained receives until nothing comes for a moment.
func drained(t *testing.T, changes <-chan registry.Notice) {
	t.Helper()
	for {
		select {
		case _, ok := <-changes:
			if !ok {
				t.Fatal("the watch broke")
			}
		case <-time.After(200 * time.Millisecond):
			return
		}
	}
}

func TestBell_WorksOnAStandaloneServer(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1, mongotest.Standalone)
	r, other := open(t, set.URI()), open(t, set.URI())
	changes, _ := watch(t, r, "g")
	drained(t, changes)
	begin(t, other, "g", 1, uuid.Must(uuid.NewV7()))
	noticed(t, r, changes, "g", 1)
	if f := checked(t, set.URI())["watch"]; f.Mark != fine {
		t.Errorf("the check found %+v", f)
	}
}

func TestBell_NoticeNamesWhoShouldAct(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r, other := open(t, uri), open(t, uri)
	holder, next := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	changes, _ := watch(t, r, "g")
	drained(t, changes)
	for _, tt := range []struct {
		name string
		do   func() error
		want uuid.UUID
	}{
		{"a term begins", func() error {
			return other.BeginTerm(t.Context(), registry.Term{Group: "g", Number: 1, Holder: holder})
		}, uuid.Nil},
		{"a handover is asked for", func() error { return other.RequestHandover(t.Context(), "g", 1, next) }, holder},
		{"the term ends", func() error {
			return other.EndTerm(t.Context(), "g", 1, holder, registry.End{Reason: registry.Stopped, Next: next})
		}, next},
	} {
		if err := tt.do(); err != nil {
			t.Fatal(err)
		}
		select {
		case n, ok := <-changes:
			if !ok || n.For != tt.want {
				t.Errorf("%s: a notice for %v, open: %v; want one for %v", tt.name, n.For, ok, tt.want)
			}
		case <-time.After(3 * time.Minute):
			t.Fatalf("%s: no notice", tt.name)
		}
	}
}

// awaitRings waits until a group has rung so often.
func awaitRings(t *testing.T, d *mongo.Database, group string, number int64) {
	t.Helper()
	mongotest.Eventually(t, fmt.Sprintf("%d rings of %s", number, group), func() error {
		if n := rings(t, d, group); n != number {
			return fmt.Errorf("there are %d", n)
		}
		return nil
	})
}

// A write that changed nothing does not ring.
func TestBell_NothingRingsWithoutAChange(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r := open(t, uri)
	holder := uuid.Must(uuid.NewV7())
	begin(t, r, "g", 1, holder)
	_ = r.BeginTerm(t.Context(), registry.Term{Group: "g", Number: 1, Holder: holder})
	_ = r.EndTerm(t.Context(), "g", 1, uuid.Must(uuid.NewV7()), registry.End{})
	_ = r.RequestHandover(t.Context(), "g", 2, uuid.Nil)
	end := func() {
		if err := r.EndTerm(t.Context(), "g", 1, holder, registry.End{}); err != nil {
			t.Fatal(err)
		}
	}
	awaitRings(t, db(t, uri, ""), "g", 1)
	end()
	end()
	awaitRings(t, db(t, uri, ""), "g", 2)
}

func TestBell_CollectionThatIsNotAsItShouldBeIsRepaired(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		spoil func(t *testing.T, r *mongodb.Registry, uri string) error
	}{
		{"dropped", func(t *testing.T, _ *mongodb.Registry, uri string) error {
			return db(t, uri, "").Collection(bellOf("g")).Drop(t.Context())
		}},
		{"dropped, and made again by an insert", func(t *testing.T, _ *mongodb.Registry, uri string) error {
			c := db(t, uri, "").Collection(bellOf("g"))
			err := c.Drop(t.Context())
			_, inserted := c.InsertOne(t.Context(), bson.M{"of": "terms", "group": "g"})
			return errors.Join(err, inserted)
		}},
		{"dropped, and made again without a document", func(t *testing.T, _ *mongodb.Registry, uri string) error {
			d := db(t, uri, "")
			return errors.Join(d.Collection(bellOf("g")).Drop(t.Context()),
				d.CreateCollection(t.Context(), bellOf("g"), options.CreateCollection().SetCapped(true).SetSizeInBytes(4096)))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			uri := mongotest.Shared(t)
			r, other := open(t, uri), open(t, uri)
			changes, _ := watch(t, r, "g")
			drained(t, changes)
			err := tt.spoil(t, other, uri)
			if err != nil && !strings.Contains(err.Error(), "NamespaceExists") { // the watch was faster
				t.Fatal(err)
			}
			begin(t, other, "g", 1, uuid.Must(uuid.NewV7()))
			number := int64(1)
			// The watch may break once, and is opened again then.
			mongotest.Eventually(t, "a watch that has the next term", func() error {
				changes, err := r.Watch(t.Context(), "g")
				if err != nil {
					return err
				}
				<-changes
				number++
				begin(t, other, "g", number, uuid.Must(uuid.NewV7()))
				select {
				case _, ok := <-changes:
					if !ok {
						return errors.New("it broke")
					}
				case <-time.After(10 * time.Second):
					return errors.New("no notice came")
				}
				return nil
			})
			mongotest.Eventually(t, "a capped collection", func() error {
				list, err := db(t, uri, "").ListCollectionSpecifications(t.Context(), bson.M{"name": bellOf("g")})
				if err != nil || len(list) != 1 {
					return fmt.Errorf("%v, %w", list, err)
				}
				if capped, _ := list[0].Options.Lookup("capped").BooleanOK(); !capped {
					return errors.New("it has no bound")
				}
				return nil
			})
		})
	}
}

// The collection of another program stays as it is.
func TestBell_LeavesTheCollectionOfAnotherProgramAlone(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	d := db(t, uri, "")
	if _, err := d.Collection(bellOf("g")).InsertOne(t.Context(), bson.M{"_id": 1, "email": "a@b.c"}); err != nil {
		t.Fatal(err)
	}
	r := open(t, uri)
	if _, err := r.Watch(t.Context(), "g"); !errors.Is(err, registry.ErrNoWatch) || !strings.Contains(err.Error(), "another program") {
		t.Errorf("Watch: %v, want ErrNoWatch that says why", err)
	}
	leaving := opened(t, uri, mongodb.Options{})
	begin(t, leaving, "g", 1, uuid.Must(uuid.NewV7()))
	if err := leaving.Close(t.Context()); err != nil { // it waits for rings
		t.Error(err)
	}
	if n, err := d.Collection(bellOf("g")).CountDocuments(t.Context(), bson.D{}); n != 1 || err != nil {
		t.Errorf("%d documents are in it, %v; want the one of the other program", n, err)
	}
	if f := checked(t, uri)["watch"]; f.Mark != warning || !strings.Contains(f.Detail, "another program") {
		t.Errorf("the check found %+v", f)
	}
}

// More rings came than the collection holds. That is no failure of the server, so the watch
// goes on.
func TestBell_CursorThatLostItsPlaceGivesANotice(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	p, r := throughProxy(t, set.URI())
	truth := open(t, set.URI())
	changes, _ := watch(t, r, "g")
	neighbour, _ := watch(t, r, inTheSlotOf("g"))
	drained(t, changes)
	drained(t, neighbour)
	time.Sleep(1100 * time.Millisecond) // a cursor that loses its place sooner is opened again later
	const capPositionLost = 136
	set.FailCommand(t, 1, "failCommands", bson.A{"getMore"}, "errorCode", capPositionLost)
	p.recorded()
	begin(t, truth, "g", 1, uuid.Must(uuid.NewV7())) // the request that waits is answered, and the next one fails
	noticed(t, r, changes, "g", 1)
	opened := 0
	mongotest.Eventually(t, "another cursor", func() error {
		if opened += tailed(p.recorded()); opened == 0 {
			return errors.New("none was opened")
		}
		return nil
	})
	select {
	case _, ok := <-neighbour:
		if !ok {
			t.Fatal("the watch broke")
		}
	case <-time.After(3 * time.Minute):
		t.Fatal("no notice, although rings may be lost")
	}
	begin(t, truth, "g", 2, uuid.Must(uuid.NewV7()))
	noticed(t, r, changes, "g", 2)
}

// A ring neither delays nor fails the write that it is about.
func TestBell_InsertThatHangsDelaysNothing(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	r := open(t, set.URI())
	watch(t, r, "g")
	in := register(t, r, "g")
	const hang = 20 * time.Second
	set.FailCommand(t, 1_000_000, "failCommands", bson.A{"insert"}, "namespace", "understudy."+bellOf("g"), "blockConnection", true, "blockTimeMS", hang.Milliseconds())
	begun := time.Now()
	for n := int64(1); n <= 3; n++ {
		begin(t, r, "g", n, in.ID)
		if err := r.EndTerm(t.Context(), "g", n, in.ID, registry.End{Reason: registry.Stopped}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Beat(t.Context(), in.ID, in.Status); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took >= hang {
		t.Errorf("the calls took %v, as if they had waited for their rings", took)
	}
	set.FailCommand(t, 1, "failCommands", bson.A{"dropUser"}, "errorCode", 8)
}

// A ring that fails once is sent again. What is lost for good is said once.
func TestBell_InsertThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	var said atomic.Int64
	r := opened(t, set.URI(), mongodb.Options{Say: func(string) { said.Add(1) }})
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	holder := uuid.Must(uuid.NewV7())
	d := db(t, set.URI(), "understudy")
	const interrupted = 11602
	fail := func(times int) {
		t.Helper()
		set.FailCommand(t, times, "failCommands", bson.A{"insert"}, "namespace", "understudy."+bellOf("g"), "errorCode", interrupted)
	}
	begin(t, r, "g", 1, holder)
	awaitRings(t, d, "g", 1)
	fail(1)
	begin(t, r, "g", 2, holder)
	awaitRings(t, d, "g", 2)
	if n := said.Load(); n > 0 {
		t.Errorf("said %d times that rings are lost", n)
	}
	fail(1_000_000)
	for n := int64(3); n <= 5; n++ {
		begin(t, r, "g", n, holder)
	}
	mongotest.Eventually(t, "it is said that rings are lost", func() error {
		if said.Load() == 0 {
			return errors.New("it is not")
		}
		return nil
	})
	set.FailCommand(t, 1, "failCommands", bson.A{"dropUser"}, "errorCode", 8) // ends the failures
	// Nothing rests because of failures that may pass.
	number := int64(5)
	mongotest.Eventually(t, "it rings again", func() error {
		before := rings(t, d, "g")
		number++
		begin(t, r, "g", number, holder)
		time.Sleep(100 * time.Millisecond)
		if n := rings(t, d, "g"); n == before {
			return fmt.Errorf("%d rings, as before", n)
		}
		return nil
	})
	if n := said.Load(); n != 1 {
		t.Errorf("said %d times that rings are lost, want once", n)
	}
}

// The bell goes on at the new primary, although the old one still answers.
func TestBell_FollowsThePrimary(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 3)
	r, other := open(t, set.URI()), open(t, set.URI())
	changes, _ := watch(t, r, "g")
	jobs, err := r.Jobs().Watch(t.Context(), "g")
	if err != nil {
		t.Fatal(err)
	}
	holder := uuid.Must(uuid.NewV7())
	begin(t, other, "g", 1, holder)
	noticed(t, r, changes, "g", 1)
	before := set.Primary(t)
	mongotest.Eventually(t, "another primary", func() error {
		if set.Primary(t) != before {
			return nil
		}
		set.StepDown(t)
		time.Sleep(2 * time.Second) // it must not be the primary again for a second
		if set.Primary(t) == before {
			return errors.New("the same")
		}
		return nil
	})
	wantCursors(t, db(t, set.URI(), "understudy"), 2)
	number := int64(1)
	mongotest.Eventually(t, "a notice of a term", func() error {
		number++
		err := other.BeginTerm(t.Context(), registry.Term{Group: "g", Number: number, Holder: holder})
		if err != nil {
			return err
		}
		noticed(t, r, changes, "g", number)
		return nil
	})
	select {
	case _, ok := <-jobs:
		if !ok {
			t.Error("the watch of the jobs broke")
		}
	default:
	}
}

// A flood of triggers is in collections of its own.
func TestBell_JobsRingElsewhere(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r := open(t, uri)
	for i := range 40 {
		if _, err := r.Jobs().Watch(t.Context(), fmt.Sprint("g", i)); err != nil {
			t.Fatal(err)
		}
	}
	d := db(t, uri, "")
	wantCursors(t, d, 4)
	for _, ns := range cursors(t, d) {
		if name := ns[strings.LastIndexByte(ns, '.')+1:]; !slices.Contains([]string{"bell16", "bell17", "bell18", "bell19"}, name) {
			t.Errorf("jobs ring in %s", name)
		}
	}
}

// Whoever listens rings with one message: the collection is known to be there.
func TestBell_ActiveInstanceRingsWithOneMessage(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	p, r := throughProxy(t, uri)
	changes, _ := watch(t, r, "g")
	drained(t, changes)
	p.recorded()
	begin(t, r, "g", 1, uuid.Must(uuid.NewV7()))
	noticed(t, r, changes, "g", 1)
	if n := tailed(p.recorded()); n != 0 {
		t.Errorf("%d cursors were opened for a ring", n)
	}
}

// An instance that leaves has just stopped to listen when its term ends.
func TestBell_WhoHasJustListenedRingsWithOneMessage(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	p, r := throughProxy(t, uri)
	holder := uuid.Must(uuid.NewV7())
	changes, stop := watch(t, r, "g")
	begin(t, r, "g", 1, holder)
	noticed(t, r, changes, "g", 1)
	stop()
	for range changes { // until it is closed
	}
	p.recorded()
	if err := r.EndTerm(t.Context(), "g", 1, holder, registry.End{Reason: registry.Stopped}); err != nil {
		t.Fatal(err)
	}
	awaitRings(t, db(t, uri, ""), "g", 2)
	if n := tailed(p.recorded()); n != 0 {
		t.Errorf("%d cursors were opened for a ring", n)
	}
}

// Whoever comes next after the present term is marked. When it has gone, somebody else comes
// next, so the active instance has to search.
func TestBell_RingsWhenWhoeverComesNextHasGone(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r := open(t, uri)
	changes, _ := watch(t, r, "g")
	d := db(t, uri, "")
	will := opened(t, uri, mongodb.Options{Access: registry.Ask}) // as a last will has it
	t.Cleanup(func() { _ = will.Close(context.Background()) })
	leaves := func(mark int64, s registry.Status) {
		t.Helper()
		in := register(t, r, "g")
		if mark != 0 {
			if err := r.Mark(t.Context(), in.ID, mark); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := r.Beat(t.Context(), in.ID, s); err != nil {
			t.Fatal(err)
		}
		for range 2 { // it may come twice
			if err := will.Unregister(t.Context(), in.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	passive := registry.Status{Role: registry.Passive, Candidate: true}
	leaves(0, passive)
	leaves(7, registry.Status{Role: registry.Active, Term: 8})
	drained(t, changes)
	if n := rings(t, d, "g"); n != 0 {
		t.Errorf("%d rings, although whoever comes next is there", n)
	}
	leaves(7, passive)
	awaitRings(t, d, "g", 1)
	select {
	case n, ok := <-changes:
		if !ok || n.For != uuid.Nil {
			t.Errorf("a notice for %v, open: %v; want one for nobody in particular", n.For, ok)
		}
	case <-time.After(3 * time.Minute):
		t.Error("no notice")
	}
}

// A process that leaves ends its term and closes its registry at once. Its ring is sent, if
// the server answers within a second: one of some tries is enough.
func TestBell_CloseSendsTheLastRing(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r := open(t, uri)
	changes, _ := watch(t, r, "g")
	holder := uuid.Must(uuid.NewV7())
	for n := int64(1); n <= 20; n++ {
		begin(t, r, "g", n, holder)
		drained(t, changes)
		before := rings(t, db(t, uri, ""), "g")
		leaving := opened(t, uri, mongodb.Options{Access: registry.Ask}) // as a last will does
		if err := leaving.EndTerm(t.Context(), "g", n, holder, registry.End{Reason: registry.Stopped}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		if err := leaving.Close(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
		if rings(t, db(t, uri, ""), "g") > before {
			return
		}
	}
	t.Error("20 terms ended, and nothing rang")
}

func TestBell_SmallPoolHasFewCursors(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r := open(t, uri+"&maxPoolSize=12")
	served := map[uint32]bool{}
	var refused error
	for i := range 20 {
		group := fmt.Sprint("g", i)
		switch _, err := r.Watch(t.Context(), group); {
		case err == nil:
			served[slot(group)] = true
		case errors.Is(err, registry.ErrNoWatch):
			refused = err
		default:
			t.Fatal(err)
		}
	}
	if len(served) != 2 || refused == nil || !strings.Contains(refused.Error(), "maxPoolSize is 12") {
		t.Errorf("%d cursors, the others got %v; want 2, and ErrNoWatch that names maxPoolSize", len(served), refused)
	}
	in := register(t, r, "g")
	if _, err := r.Beat(t.Context(), in.ID, in.Status); err != nil {
		t.Error(err)
	}
}

func TestBell_NeedsNoMoreThanToReadAndInsertWhereItIsThere(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1, mongotest.Auth)
	right := set.URI()
	owner := open(t, right)
	watch(t, owner, "g") // makes the collection
	set.Admin(t, "createRole", "minimal", "privileges", []any{map[string]any{
		"resource": map[string]string{"db": "understudy", "collection": ""},
		"actions":  []string{"find", "insert", "update", "remove"},
	}}, "roles", []any{})
	set.Admin(t, "createUser", "minimal", "pwd", "hunter2", "roles", []string{"minimal"})
	_, rest, _ := strings.Cut(right, "@")
	r := open(t, "mongodb://minimal:hunter2@"+rest)
	changes, _ := watch(t, r, "g")
	drained(t, changes)
	begin(t, r, "g", 1, uuid.Must(uuid.NewV7()))
	noticed(t, r, changes, "g", 1)
}
