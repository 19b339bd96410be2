package mongodb_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/mongodb"
)

// The driver would repeat such a read until the deadline, and then report the deadline
// alone.
func TestRegistry_ReturnsTheErrorOfAReadWithoutRepeatingIt(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	p, r := throughProxy(t, set.URI())
	begin(t, r, "g", 1, register(t, r, "g").ID)
	const every = 134 // the code that is tried with every call; those of a change of the primary cost seconds each
	for _, code := range []int{every, 262, 6, 89, 189, 10107, 13435, 13436, 462} {
		for name, call := range map[string]func(ctx context.Context) error{
			"View":      func(ctx context.Context) error { _, err := r.View(ctx, "g"); return err },
			"Candidate": func(ctx context.Context) error { _, err := r.Candidate(ctx, "g", time.Now(), time.Hour); return err },
			"Claimant":  func(ctx context.Context) error { _, err := r.Claimant(ctx, "g", 0); return err },
			"Silent":    func(ctx context.Context) error { _, err := r.Silent(ctx, "g", time.Now(), time.Hour); return err },
			"Instances": func(ctx context.Context) error { _, _, err := r.Instances(ctx, "g"); return err },
			"Terms":     func(ctx context.Context) error { _, err := r.Terms(ctx, "g", 1); return err },
			"Groups":    func(ctx context.Context) error { _, err := r.Groups(ctx); return err },
		} {
			if code != every && name != "View" {
				continue
			}
			set.FailCommand(t, 1_000_000, "failCommands", bson.A{"find", "distinct"}, "errorCode", code,
				"errorLabels", bson.A{"RetryableError", "SystemOverloadedError"})
			var err error
			mongotest.Eventually(t, "the server's error", func() error { // after a code of a change of the primary the driver looks for another one
				p.recorded()
				err = call(t.Context())
				if !strings.Contains(fmt.Sprint(err), "failCommand") {
					return fmt.Errorf("%s failing with %d: %w", name, code, err)
				}
				return nil
			})
			sent := p.recorded()
			if reads := named(sent, "find", "distinct") - tailed(sent); reads > 2 || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s failing with %d: %d reads, %v; want one, or two, and the server's error", name, code, reads, err)
			}
		}
	}
}

// With the driver's own 30 seconds for the choice of a server and for a connection, a
// short outage would cost that long.
func TestBeat_EndsWithinSecondsIfTheServerDoesNotAnswer(t *testing.T) {
	t.Parallel()
	const soon = 18 * time.Second // 2 s on a quiet machine
	p, r := throughProxy(t, mongotest.Shared(t))
	in := register(t, r, "g")
	p.holdBack("")
	p.cut()
	beat := func() (time.Duration, error) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begun := time.Now()
		_, err := r.Beat(ctx, in.ID, in.Status)
		return time.Since(begun), err
	}
	for range 2 { // the first one may use a connection that has just been cut
		if took, err := beat(); err == nil || took > soon {
			t.Errorf("a beat that nobody answers ended with %v after %v, want an error within %v", err, took, soon)
		}
	}
	p.goOn() // commands that wait already go on waiting
	begun := time.Now()
	mongotest.Eventually(t, "a beat after it", func() error { _, err := beat(); return err })
	if took := time.Since(begun); took > soon {
		t.Errorf("beats work again after %v, want it within %v", took, soon)
	}
}

// slowViews begins views that are not answered, and returns once that many are under
// way. The function that it returns ends them.
func slowViews(t *testing.T, p *proxy, r *mongodb.Registry, n int) (end func()) {
	t.Helper()
	p.holdBack("find")
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	var views sync.WaitGroup
	p.recorded()
	for range n {
		views.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
			defer cancel()
			if _, err := r.View(ctx, "g"); !errors.Is(err, context.Canceled) {
				t.Errorf("a view that is not answered: %v, want that it lasts until it is cancelled", err)
			}
		})
	}
	under := 0
	mongotest.Eventually(t, "the views", func() error {
		sent := p.recorded()
		if under += named(sent, "find") - tailed(sent); under < n {
			return fmt.Errorf("%d of %d are under way", under, n)
		}
		return nil
	})
	return func() {
		cancel()
		views.Wait()
	}
}

func TestOpen_PoolIsTheURIsOrElseTheDriversDefault(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 3} {
		err := refused(t, fmt.Sprintf("mongodb://localhost/?maxPoolSize=%d", size), "localhost")
		if !errors.Is(err, mongodb.ErrURI) || !strings.Contains(err.Error(), fmt.Sprintf("maxPoolSize is %d, want 4 or more", size)) {
			t.Errorf("maxPoolSize=%d: %v", size, err)
		}
	}
	t.Run("the driver's default", func(t *testing.T) {
		t.Parallel()
		p, r := throughProxy(t, mongotest.Shared(t))
		in := register(t, r, "g")
		defer slowViews(t, p, r, 12)()
		begun := time.Now()
		if _, err := r.Beat(t.Context(), in.ID, in.Status); err != nil {
			t.Errorf("a beat beside 12 views that are slow: %v after %v", err, time.Since(begun))
		}
	})
	t.Run("the URI's", func(t *testing.T) {
		t.Parallel()
		uri := mongotest.Shared(t)
		p, _ := throughProxy(t, uri)
		r := open(t, "mongodb://"+p.addr()+"/"+databaseOf(uri)+"?directConnection=true&maxPoolSize=5")
		in := register(t, r, "g")
		defer slowViews(t, p, r, 5)()
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if _, err := r.Beat(ctx, in.ID, in.Status); err == nil {
			t.Error("a sixth call found a connection")
		}
	})
}

// Whoever can write to a registry can store records of any size. They must not fill the
// memory of everybody who reads it. This test is not parallel: it measures the heap.
func TestRegistry_ReadsHugeRecordsInBoundedMemory(t *testing.T) {
	uri := mongotest.Shared(t)
	r := open(t, uri)
	stored := db(t, uri, "")
	huge := strings.Repeat("x", 15<<20)
	const n = 4 // 60 MB: a single one that is kept is too much
	for i := range int64(n) {
		begin(t, r, "g", i+1, uuid.Must(uuid.NewV7()))
		register(t, r, "g")
	}
	for _, name := range []string{"terms", "instances"} {
		if _, err := stored.Collection(name).UpdateMany(t.Context(), bson.M{}, bson.M{"$set": bson.M{"host": huge}}); err != nil {
			t.Fatal(err)
		}
	}
	inUse := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, total := inUse(), m.TotalAlloc
	terms, err := r.Terms(t.Context(), "g", n)
	if err != nil || len(terms) != n {
		t.Fatalf("Terms: %d of them, %v; want %d", len(terms), err, n)
	}
	list, _, err := r.Instances(t.Context(), "g")
	if err != nil || len(list) != n {
		t.Fatalf("Instances: %d of them, %v; want %d", len(list), err, n)
	}
	silent, err := r.Silent(t.Context(), "g", time.Now().Add(time.Hour), time.Minute)
	if err != nil || len(silent) != n {
		t.Fatalf("Silent: %d of them, %v; want %d", len(silent), err, n)
	}
	kept := inUse() - before
	runtime.ReadMemStats(&m)
	t.Logf("%d MB kept, %d MB allocated on the way", kept>>20, (m.TotalAlloc-total)>>20)
	if kept > 8<<20 {
		t.Errorf("%d bytes of the records are kept in memory, want 8 MB at most", kept)
	}
	runtime.KeepAlive(terms)
	runtime.KeepAlive(list)
	runtime.KeepAlive(silent)
	for _, host := range []string{terms[0].Host, list[0].Host, silent[0].Host} {
		if len(host) > registry.MaxText {
			t.Errorf("a host has %d bytes, want %d at most", len(host), registry.MaxText)
		}
	}
}
