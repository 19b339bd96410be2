package mongodb_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/finding"
	"github.com/understudy-go/understudy/registry/mongodb"
)

// open opens a registry that the test closes.
func open(t testing.TB, uri string) *mongodb.Registry {
	t.Helper()
	r := opened(t, uri, mongodb.Options{})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := r.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return r
}

// opened tries again where that makes sense: on a machine that stalls, two
// seconds may pass before a server answers.
func opened(t testing.TB, uri string, o mongodb.Options) (r *mongodb.Registry) {
	t.Helper()
	eventually(t, "opening "+uri, func() (err error) {
		r, err = mongodb.Open(context.Background(), uri, o)
		if err != nil && !errors.Is(err, mongodb.ErrUnreachable) {
			t.Fatal(err)
		}
		return err
	})
	return r
}

func newInstance(group string) registry.Instance {
	return registry.Instance{
		ID: uuid.Must(uuid.NewV7()), Group: group, Host: "host", PID: 1,
		Status:   registry.Status{Role: registry.Passive, Candidate: true},
		Interval: time.Second, OrphanAfter: time.Minute,
	}
}

func register(t testing.TB, r *mongodb.Registry, group string) registry.Instance {
	t.Helper()
	in := newInstance(group)
	if _, err := r.Register(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	return in
}

func begin(t testing.TB, r *mongodb.Registry, group string, number int64, holder uuid.UUID) {
	t.Helper()
	if err := r.BeginTerm(t.Context(), registry.Term{Group: group, Number: number, Holder: holder}); err != nil {
		t.Fatal(err)
	}
}

func latest(t testing.TB, r *mongodb.Registry, group string) *registry.Term {
	t.Helper()
	v, err := r.View(t.Context(), group)
	if err != nil {
		t.Fatal(err)
	}
	return v.Latest
}

// eventually tries until it works, for as long as a failover may take.
func eventually(t testing.TB, what string, try func() error) {
	t.Helper()
	begun := time.Now()
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Since(begun) > time.Minute {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestAmbiguousAnswerOfBeginTermIsNeitherBegunNorTaken(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	truth := open(t, set.URI())
	number := int64(0)
	for _, tt := range []struct {
		name  string
		fault []any
		begun bool // in truth
	}{
		{"connection closed", []any{"closeConnection", true}, false},
		{"not writable primary", []any{"errorCode", 10107}, false},
		{"interrupted at shutdown", []any{"errorCode", 11600}, false},
		{"primary stepped down", []any{"errorCode", 189}, false},
		{"retryable by its label", []any{"errorCode", 91, "errorLabels", bson.A{"RetryableWriteError"}}, false},
		{"overloaded", []any{"errorCode", 462, "errorLabels", bson.A{"SystemOverloadedError", "RetryableError"}}, false},
		{"write concern timed out", []any{"writeConcernError", bson.M{"code": 64, "errmsg": "waiting for replication timed out"}}, true},
		{"write concern unsatisfiable", []any{"writeConcernError", bson.M{"code": 100, "errmsg": "not enough members"}}, true},
		{"stepped down while replicating", []any{"writeConcernError", bson.M{"code": 189, "errmsg": "stepped down", "errorLabels": bson.A{"RetryableWriteError"}}}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := open(t, set.URI())
			number++
			set.FailCommand(t, 1, append([]any{"failCommands", bson.A{"insert"}}, tt.fault...)...)
			err := r.BeginTerm(t.Context(), registry.Term{Group: "g", Number: number, Holder: uuid.Must(uuid.NewV7())})
			if err == nil || errors.Is(err, registry.ErrTermTaken) {
				t.Errorf("BeginTerm: %v, want an error that leaves it open", err)
			}
			stored := func() error {
				if last := latest(t, truth, "g"); last == nil || last.Number != number {
					return errors.New("the term is not stored")
				}
				return nil
			}
			if tt.begun {
				eventually(t, "reading it", stored) // a majority may need a moment
			} else if stored() == nil {
				t.Error("the term is stored: it was tried twice")
			}
		})
	}
}

func TestWriteOfAMinorityIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	r := open(t, set.URI())
	in := register(t, r, "g")
	begin(t, r, "g", 1, in.ID)
	for name, write := range map[string]func(ctx context.Context) error{
		"Register": func(ctx context.Context) error { _, err := r.Register(ctx, newInstance("g")); return err },
		"Beat":     func(ctx context.Context) error { _, err := r.Beat(ctx, in.ID, in.Status); return err },
		"BeginTerm": func(ctx context.Context) error {
			return r.BeginTerm(ctx, registry.Term{Group: "g", Number: 2, Holder: in.ID})
		},
		"EndTerm":         func(ctx context.Context) error { return r.EndTerm(ctx, "g", 1, in.ID, registry.End{}) },
		"RequestHandover": func(ctx context.Context) error { return r.RequestHandover(ctx, "g", 1, uuid.Nil) },
		"DeleteOrphan":    func(ctx context.Context) error { _, err := r.DeleteOrphan(ctx, uuid.New(), 1); return err },
		"Unregister":      func(ctx context.Context) error { return r.Unregister(ctx, uuid.New()) },
	} {
		set.FailCommand(t, 1, "failCommands", bson.A{"findAndModify", "insert", "update", "delete"},
			"writeConcernError", bson.M{"code": 64, "errmsg": "waiting for replication timed out"})
		err := write(t.Context())
		if err == nil || errors.Is(err, registry.ErrNotRegistered) || errors.Is(err, registry.ErrNoTerm) || errors.Is(err, registry.ErrTermTaken) {
			t.Errorf("%s: %v, want an error that leaves it open", name, err)
		}
	}

	set.FailCommand(t, 1, "failCommands", bson.A{"update"},
		"writeConcernError", bson.M{"code": 64, "errmsg": "waiting for replication timed out"})
	wantMarks(t, checked(t, set.URI()), map[string]finding.Mark{"replica set": warning, "majority": fault})
}

func TestTakenIsNotSaidWithoutAMajority(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	r := open(t, set.URI())
	begin(t, r, "g", 1, uuid.Must(uuid.NewV7()))
	set.FailCommand(t, 1, "failCommands", bson.A{"insert"},
		"writeConcernError", bson.M{"code": 64, "errmsg": "waiting for replication timed out"})
	err := r.BeginTerm(t.Context(), registry.Term{Group: "g", Number: 1, Holder: uuid.Must(uuid.NewV7())})
	if err == nil || errors.Is(err, registry.ErrTermTaken) {
		t.Errorf("BeginTerm: %v, want an error that leaves it open", err)
	}
}

// The answer is lost after the server applied the write.
func TestLostAnswersAreNotRetried(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	p := startProxy(t, set.Host(0))
	r := open(t, "mongodb://"+p.addr()+"/?directConnection=true")
	truth := open(t, set.URI())

	t.Run("BeginTerm", func(t *testing.T) {
		holder := uuid.Must(uuid.NewV7())
		p.loseAnswerTo("insert")
		err := r.BeginTerm(t.Context(), registry.Term{Group: "lost", Number: 1, Holder: holder})
		if err == nil || errors.Is(err, registry.ErrTermTaken) {
			t.Errorf("BeginTerm: %v, want an error that leaves it open", err)
		}
		eventually(t, "reading it", func() error {
			_, err := r.View(t.Context(), "lost")
			return err
		})
		if last := latest(t, truth, "lost"); last == nil || last.Holder != holder {
			t.Errorf("the latest term is %+v, want one of %v", last, holder)
		}
	})

	t.Run("Register", func(t *testing.T) {
		in := newInstance("lost")
		p.loseAnswerTo("findAndModify")
		if _, err := r.Register(t.Context(), in); err == nil || errors.Is(err, registry.ErrRegistered) {
			t.Errorf("Register: %v, want an error that leaves it open", err)
		}
		if list, _, err := truth.Instances(t.Context(), "lost"); err != nil || len(list) != 1 || list[0].ID != in.ID {
			t.Errorf("Instances: %v, %v, want %v", list, err, in.ID)
		}
	})

	t.Run("Beat", func(t *testing.T) {
		in := register(t, truth, "beats")
		eventually(t, "a beat", func() error { _, err := r.Beat(t.Context(), in.ID, in.Status); return err })
		before, _, _ := truth.Instances(t.Context(), "beats")
		p.loseAnswerTo("findAndModify")
		if _, err := r.Beat(t.Context(), in.ID, in.Status); err == nil {
			t.Error("Beat: no error")
		}
		after, _, err := truth.Instances(t.Context(), "beats")
		if err != nil || len(after) != 1 || after[0].Beat != before[0].Beat+1 {
			t.Errorf("the beat was %+v, is %+v, %v", before, after, err)
		}
	})
}

func TestStepdownCostsOneBeat(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	r := open(t, set.URI())
	in := register(t, r, "g")
	set.FailCommand(t, 1, "failCommands", bson.A{"findAndModify"}, "errorCode", 10107)
	if _, err := r.Beat(t.Context(), in.ID, in.Status); err == nil || errors.Is(err, registry.ErrNotRegistered) {
		t.Errorf("Beat: %v, want an error that leaves it open", err)
	}
	set.FailCommand(t, 1, "failCommands", bson.A{"update"}, "errorCode", 11602)
	if err := refused(t, set.URI(), set.Host(0)); !errors.Is(err, mongodb.ErrUnreachable) {
		t.Errorf("Open: %v, want that another try makes sense", err)
	}
	set.StepDown(t)
	eventually(t, "a beat after the step-down", func() error {
		_, err := r.Beat(t.Context(), in.ID, in.Status)
		if errors.Is(err, registry.ErrNotRegistered) {
			t.Fatal(err)
		}
		return err
	})
}

func TestHungServerIsLeftAtTheDeadline(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	r := open(t, set.URI())
	in := register(t, r, "g")
	begin(t, r, "g", 1, in.ID)
	set.Freeze(t, 0)
	eventually(t, "the freeze of the last thread", func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if _, err := r.Beat(ctx, in.ID, in.Status); err == nil {
			return errors.New("it answers")
		}
		return nil
	})
	for name, call := range map[string]func(ctx context.Context) error{
		"Beat":      func(ctx context.Context) error { _, err := r.Beat(ctx, in.ID, in.Status); return err },
		"View":      func(ctx context.Context) error { _, err := r.View(ctx, "g"); return err },
		"EndTerm":   func(ctx context.Context) error { return r.EndTerm(ctx, "g", 1, in.ID, registry.End{}) },
		"Candidate": func(ctx context.Context) error { _, err := r.Candidate(ctx, "g", time.Now(), time.Hour); return err },
		"BeginTerm": func(ctx context.Context) error {
			return r.BeginTerm(ctx, registry.Term{Group: "g", Number: 2, Holder: in.ID})
		},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		begun := time.Now()
		if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v, want the context's error", name, err)
		}
		cancel()
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%s returned %v after it was called, with 300 ms to go", name, took)
		}
	}
	set.Thaw(t, 0)
	eventually(t, "a beat after the thaw", func() error { _, err := r.Beat(t.Context(), in.ID, in.Status); return err })
}

func TestKilledPrimaryCostsSeconds(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 3)
	r := open(t, set.URI())
	in := register(t, r, "g")
	begin(t, r, "g", 1, in.ID)
	changes, err := r.Watch(t.Context(), "g")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("check", func(t *testing.T) { checkWaysToName(t, set) })
	primary := set.Primary(t)
	set.Kill(t, primary)
	begun := time.Now()
	beat := func(what string) {
		eventually(t, what, func() error {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			_, err := r.Beat(ctx, in.ID, in.Status)
			return err
		})
	}
	beat("a beat after the primary was killed")
	t.Logf("beats again after %v", time.Since(begun).Round(time.Millisecond))

	// Its successor may still be asked in vain: an election takes its time to settle.
	var v registry.View
	eventually(t, "a view", func() (err error) { v, err = r.View(t.Context(), "g"); return err })
	if v.Number() != 1 || !v.Latest.Open() {
		t.Errorf("the latest term is %+v, want term 1, open", v.Latest)
	}
	eventually(t, "the end of the term", func() error {
		return r.EndTerm(t.Context(), "g", 1, in.ID, registry.End{Reason: registry.Stopped})
	})
	select {
	case _, ok := <-changes:
		t.Logf("the watch went on: %v", ok)
	case <-time.After(time.Minute):
		t.Error("the watch neither went on nor ended")
	}

	// One that opens now must not wait for the node that is away.
	eventually(t, "a registration by another", func() error {
		other, err := mongodb.Open(t.Context(), set.URI(), mongodb.Options{})
		if err != nil {
			return err
		}
		_, err = other.Register(t.Context(), newInstance("g"))
		return errors.Join(err, other.Close(t.Context()))
	})

	// Without a majority nothing is acknowledged, and each call ends in time.
	set.Kill(t, set.Primary(t))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := r.Beat(ctx, in.ID, in.Status); err == nil {
		t.Error("a beat was acknowledged by one of three")
	}
	eventually(t, "the loss of the primary", func() error {
		if found := checked(t, set.URI()); found["replica set"].Mark != fault || found["reachable"].Mark != fine {
			return fmt.Errorf("found %v", found)
		}
		return nil
	})
	set.Restart(t, primary)
	beat("a beat after one node came back")
}
