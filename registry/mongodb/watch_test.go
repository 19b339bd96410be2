package mongodb_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/mongodb"
)

// throughProxy is a registry whose commands are counted.
func throughProxy(t *testing.T, set *mongotest.Set) (*proxy, *mongodb.Registry) {
	t.Helper()
	p := startProxy(t, set.Host(0))
	return p, open(t, "mongodb://"+p.addr()+"/?directConnection=true")
}

func watch(t *testing.T, r *mongodb.Registry, group string) (<-chan struct{}, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	changes, err := r.Watch(ctx, group)
	if err != nil {
		t.Fatal(err)
	}
	return changes, cancel
}

// noticed waits until a notice has come after which the group's latest term has
// the number.
func noticed(t *testing.T, r *mongodb.Registry, changes <-chan struct{}, group string, number int64) {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		if last := latest(t, r, group); last != nil && last.Number == number {
			return
		}
		select {
		case _, ok := <-changes:
			if !ok {
				t.Fatalf("the watch of %s broke", group)
			}
		case <-timeout:
			t.Fatalf("no notice of term %d of %s", number, group)
		}
	}
}

// named counts the commands of a name.
func named(commands []bson.Raw, names ...string) (n int) {
	for _, command := range commands {
		for _, name := range names {
			if command.Index(0).Key() == name {
				n++
			}
		}
	}
	return n
}

func TestAllGroupsOfARegistryShareOneStream(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	p, r := throughProxy(t, set)
	truth := open(t, set.URI())
	p.recorded()
	const groups = 20
	var (
		changes [groups]<-chan struct{}
		cancels [groups]context.CancelFunc
	)
	group := func(i int) string { return fmt.Sprint("g", i) }
	for i := range groups {
		changes[i], cancels[i] = watch(t, r, group(i))
		if i%2 == 1 { // the ones before went on while it joined
			begin(t, truth, group(i-1), 1, uuid.Must(uuid.NewV7()))
			noticed(t, r, changes[i-1], group(i-1), 1)
		}
	}
	for i := range groups {
		begin(t, truth, group(i), 2, uuid.Must(uuid.NewV7()))
		noticed(t, r, changes[i], group(i), 2)
	}
	for _, cancel := range cancels[1:] {
		cancel()
	}
	begin(t, truth, group(0), 3, uuid.Must(uuid.NewV7()))
	noticed(t, r, changes[0], group(0), 3)
	commands := p.recorded()
	if streams := named(commands, "aggregate"); streams != 2 { // of the first group, and then of all
		t.Errorf("%d streams were opened, want 2", streams)
	}
	if closed := named(commands, "killCursors"); closed != 1 {
		t.Errorf("%d streams were closed, want one", closed)
	}
	cancels[0]()
	eventually(t, "the end of the stream", func() error {
		if named(p.recorded(), "killCursors") == 0 {
			return fmt.Errorf("it is open")
		}
		return nil
	})
	changes[0], _ = watch(t, r, group(0))
	begin(t, truth, group(0), 4, uuid.Must(uuid.NewV7()))
	noticed(t, r, changes[0], group(0), 4)
}

func TestAGroupIsNotWokenByAnother(t *testing.T) {
	uri := mongotest.Shared(t)
	r := open(t, uri)
	mine, _ := watch(t, r, "mine")
	other, _ := watch(t, r, "other")
	for range 2 { // of the opening of the stream, and of the joining
		select {
		case <-mine:
		case <-time.After(100 * time.Millisecond):
		}
	}
	for n := range int64(10) {
		begin(t, r, "other", n+1, uuid.Must(uuid.NewV7()))
	}
	noticed(t, r, other, "other", 10)
	begin(t, r, "mine", 1, uuid.Must(uuid.NewV7()))
	woken := 0
	for timeout := time.After(time.Minute); woken == 0; {
		select {
		case <-mine:
			woken++
		case <-timeout:
			t.Fatal("no notice")
		}
	}
	select {
	case <-mine:
		t.Error("woken again, though one term began")
	case <-time.After(200 * time.Millisecond):
	}
}

// A stream joins and parts while another group changes: nothing of that is lost.
func TestNoChangeIsMissedWhileOthersJoinAndPart(t *testing.T) {
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
		begin(t, truth, "g", n+1, uuid.Must(uuid.NewV7()))
		noticed(t, r, changes, "g", n+1)
		cancel()
	}
	close(stop)
	joining.Wait()
}

// A stream that is replaced may not have told all yet.
func TestTheOneThatJoinsWakesTheOthers(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	p, r := throughProxy(t, set)
	truth := open(t, set.URI())
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
	p.goOn() // the request that waits goes on to wait
	_, _ = watch(t, r, "other")
	select {
	case _, ok := <-mine:
		if !ok {
			t.Error("the watch broke")
		}
	case <-time.After(10 * time.Second):
		t.Error("a term began, and nobody was told")
	}
}

func TestBrokenStreamsAreTriedEverMoreSeldom(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string][]any{
		"resumable error":   {"errorCode", 11600, "errorLabels", bson.A{"ResumableChangeStreamError"}},
		"cursor not found":  {"errorCode", 43},
		"connection closed": {"closeConnection", true},
		"other error":       {"errorCode", 8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := mongotest.Start(t, 1)
			p, r := throughProxy(t, set)
			set.FailCommand(t, 1_000_000, append([]any{"failCommands", bson.A{"getMore"}}, fault...)...)
			p.recorded()
			var told error
			for begun := time.Now(); time.Since(begun) < 5*time.Second; time.Sleep(5 * time.Millisecond) { // a caller without patience
				changes, err := r.Watch(t.Context(), "g")
				if err != nil {
					told = err
					continue
				}
				for range changes {
				}
			}
			commands := p.recorded()
			tries, all := named(commands, "aggregate"), len(commands)-named(commands, "hello", "isMaster", "ismaster")
			t.Logf("%d tries and %d commands in 5 s", tries, all)
			if tries < 1 || tries > 6 || all > 40 {
				t.Errorf("%d tries and %d commands in 5 s", tries, all)
			}
			if told == nil {
				t.Error("nobody was told")
			} else if text := told.Error(); len(text) < 40 {
				t.Errorf("told: %v", told)
			}
			set.FailCommand(t, 1, "failCommands", bson.A{"getMore"}, "errorCode", 8) // that is the end of it
			eventually(t, "a watch", func() error {
				changes, err := r.Watch(t.Context(), "g")
				if err != nil {
					return err
				}
				number := int64(1)
				if last := latest(t, r, "g"); last != nil {
					number = last.Number + 1
				}
				<-changes
				begin(t, r, "g", number, uuid.Must(uuid.NewV7()))
				if _, ok := <-changes; !ok {
					return fmt.Errorf("it broke once more")
				}
				return nil
			})
		})
	}
}

// A connection can be dead without an end.
func TestDeadStreamIsOverdue(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	p, r := throughProxy(t, set)
	p.holdBack("getMore")
	changes, _ := watch(t, r, "g")
	timeout := time.After(2 * time.Minute)
	for {
		select {
		case _, ok := <-changes:
			if !ok {
				return
			}
		case <-timeout:
			t.Fatal("the watch of a dead connection goes on")
		}
	}
}

func TestFloodOfTermsIsToldInFewNotices(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r := open(t, uri)
	changes, _ := watch(t, r, "g")
	journaled := writeconcern.Majority()
	journaled.Journal = new(true)
	terms := db(t, uri, "").Collection("terms", options.Collection().SetWriteConcern(journaled))
	begun := time.Now()
	notices, last := make(chan int), make(chan struct{})
	go func() {
		n := 0
		for {
			select {
			case <-changes:
				n++
			case <-last:
				notices <- n
				return
			}
		}
	}()
	holder := uuid.Must(uuid.NewV7())
	var number atomic.Int64
	var outsiders sync.WaitGroup
	for range 4 {
		outsiders.Go(func() {
			for time.Since(begun) < 2*time.Second {
				_, err := terms.InsertOne(t.Context(), bson.D{
					{Key: "_id", Value: termID("g", number.Add(1))}, {Key: "schema", Value: 1}, {Key: "holder", Value: id(holder)}, {Key: "startedAt", Value: time.Now()},
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	outsiders.Wait()
	close(last)
	n, took := <-notices, time.Since(begun)
	t.Logf("%d notices of %d terms within %v", n, number.Load(), took)
	if most := 30 + int(took/(50*time.Millisecond)); n > most {
		t.Errorf("%d notices of %d terms within %v, want %d at most", n, number.Load(), took, most)
	}
	begin(t, r, "g", number.Add(1), holder)
	noticed(t, r, changes, "g", number.Load())
}

func TestWatchOfAClosedRegistryEndsAtOnce(t *testing.T) {
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
	for _, ch := range []<-chan struct{}{changes, more} {
		for range ch {
		}
	}
	_, err = r.Watch(t.Context(), "a")
	if !errors.Is(err, registry.ErrClosed) {
		t.Errorf("Watch after Close: %v", err)
	}
}
