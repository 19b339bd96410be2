package mongodb_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/mongodb"
)

func TestBeat_WorksAgainAfterAStepdown(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	r := open(t, set.URI())
	in := register(t, r, "g")
	set.FailCommand(t, 1, "failCommands", bson.A{"findAndModify"}, "errorCode", 10107)
	if _, err := r.Beat(t.Context(), in.ID, in.Status); err == nil || errors.Is(err, registry.ErrNotRegistered) {
		t.Errorf("Beat: %v, want an error that is not ErrNotRegistered", err)
	}
	set.FailCommand(t, 1, "failCommands", bson.A{"update"}, "errorCode", 11602)
	if err := refused(t, set.URI(), set.Host(0)); !errors.Is(err, mongodb.ErrUnreachable) {
		t.Errorf("Open: %v, want that another try makes sense", err)
	}
	set.StepDown(t)
	mongotest.Eventually(t, "a beat after the step-down", func() error {
		_, err := r.Beat(t.Context(), in.ID, in.Status)
		if errors.Is(err, registry.ErrNotRegistered) {
			t.Fatal(err)
		}
		return err
	})
}

func TestRegistry_CallsToAHungServerEndAtTheirDeadline(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	r := open(t, set.URI())
	in := register(t, r, "g")
	begin(t, r, "g", 1, in.ID)
	set.Freeze(t, 0)
	mongotest.Eventually(t, "the freeze of the last thread", func() error {
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
			t.Errorf("%s returned after %v, want it soon after its deadline of 300 ms", name, took)
		}
	}
	set.Thaw(t, 0)
	mongotest.Eventually(t, "a beat after the thaw", func() error { _, err := r.Beat(t.Context(), in.ID, in.Status); return err })
}

func TestRegistry_WorksAgainAfterThePrimaryWasKilled(t *testing.T) {
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
		mongotest.Eventually(t, what, func() error {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			_, err := r.Beat(ctx, in.ID, in.Status)
			return err
		})
	}
	beat("a beat after the primary was killed")
	t.Logf("beats again after %v", time.Since(begun).Round(time.Millisecond))

	// The next primary may refuse calls for a moment, until the election has settled.
	var v registry.View
	mongotest.Eventually(t, "a view", func() (err error) { v, err = r.View(t.Context(), "g"); return err })
	if v.Number() != 1 || !v.Latest.Open() {
		t.Errorf("the latest term is %+v, want term 1, open", v.Latest)
	}
	mongotest.Eventually(t, "the end of the term", func() error {
		return r.EndTerm(t.Context(), "g", 1, in.ID, registry.End{Reason: registry.Stopped})
	})
	select {
	case _, ok := <-changes:
		t.Logf("the watch went on: %v", ok)
	case <-time.After(3 * time.Minute):
		t.Error("the watch neither went on nor ended")
	}

	// Opening a registry now must not wait for the node that is away.
	mongotest.Eventually(t, "a registration by another", func() error {
		other, err := mongodb.Open(t.Context(), set.URI(), mongodb.Options{})
		if err != nil {
			return err
		}
		_, err = other.Register(t.Context(), newInstance("g"))
		return errors.Join(err, other.Close(t.Context()))
	})

	// Without a majority nothing is acknowledged, and each call ends at its deadline.
	set.Kill(t, set.Primary(t))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := r.Beat(ctx, in.ID, in.Status); err == nil {
		t.Error("a beat was acknowledged although two of three members are away")
	}
	mongotest.Eventually(t, "the loss of the primary", func() error {
		if found := checked(t, set.URI()); found["replica set"].Mark != fault || found["reachable"].Mark != fine {
			return fmt.Errorf("the check found %v", found)
		}
		return nil
	})
	set.Restart(t, primary)
	beat("a beat after one node came back")
}
