package mongodb_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/finding"
)

func TestBeginTerm_AmbiguousAnswerIsNeitherSuccessNorErrTermTaken(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	truth := open(t, set.URI())
	number := int64(0)
	for _, tt := range []struct {
		name  string
		fault []any
		begun bool // whether the term is stored
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
				t.Errorf("BeginTerm: %v, want an error that is not ErrTermTaken", err)
			}
			stored := func() error {
				if last := latest(t, truth, "g"); last == nil || last.Number != number {
					return errors.New("the term is not stored")
				}
				return nil
			}
			if tt.begun {
				mongotest.Eventually(t, "reading it", stored) // a majority may take a moment to have it
			} else if stored() == nil {
				t.Error("the term is stored, want it not: the driver made the call twice")
			}
		})
	}
}

func TestRegistry_WriteOfAMinorityIsNoSuccess(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	r := open(t, set.URI())
	in := register(t, r, "g")
	begin(t, r, "g", 1, in.ID)
	awaitRings(t, db(t, set.URI(), "understudy"), "g", 1) // its insert is not the one that is to fail
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
			t.Errorf("%s: %v, want an error that leaves open whether it was applied", name, err)
		}
	}

	set.FailCommand(t, 1, "failCommands", bson.A{"update"},
		"writeConcernError", bson.M{"code": 64, "errmsg": "waiting for replication timed out"})
	wantMarks(t, checked(t, set.URI()), map[string]finding.Mark{"replica set": warning, "majority": fault})
}

func TestBeginTerm_IsNotErrTermTakenWithoutAMajority(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	r := open(t, set.URI())
	begin(t, r, "g", 1, uuid.Must(uuid.NewV7()))
	awaitRings(t, db(t, set.URI(), "understudy"), "g", 1) // its insert is not the one that is to fail
	set.FailCommand(t, 1, "failCommands", bson.A{"insert"},
		"writeConcernError", bson.M{"code": 64, "errmsg": "waiting for replication timed out"})
	err := r.BeginTerm(t.Context(), registry.Term{Group: "g", Number: 1, Holder: uuid.Must(uuid.NewV7())})
	if err == nil || errors.Is(err, registry.ErrTermTaken) {
		t.Errorf("BeginTerm: %v, want an error that is not ErrTermTaken", err)
	}
}

// The answer is lost after the server has applied the write.
func TestRegistry_DoesNotRepeatAWriteWhoseAnswerWasLost(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	p, r := throughProxy(t, uri)
	truth := open(t, uri)

	t.Run("BeginTerm", func(t *testing.T) {
		holder := uuid.Must(uuid.NewV7())
		p.loseAnswerTo("insert")
		err := r.BeginTerm(t.Context(), registry.Term{Group: "lost", Number: 1, Holder: holder})
		if err == nil || errors.Is(err, registry.ErrTermTaken) {
			t.Errorf("BeginTerm: %v, want an error that is not ErrTermTaken", err)
		}
		mongotest.Eventually(t, "reading it", func() error {
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
			t.Errorf("Register: %v, want an error that is not ErrRegistered", err)
		}
		if list, _, err := truth.Instances(t.Context(), "lost"); err != nil || len(list) != 1 || list[0].ID != in.ID {
			t.Errorf("Instances: %v, %v, want %v", list, err, in.ID)
		}
	})

	t.Run("Beat", func(t *testing.T) {
		in := register(t, truth, "beats")
		mongotest.Eventually(t, "a beat", func() error { _, err := r.Beat(t.Context(), in.ID, in.Status); return err })
		before, _, _ := truth.Instances(t.Context(), "beats")
		p.loseAnswerTo("findAndModify")
		if _, err := r.Beat(t.Context(), in.ID, in.Status); err == nil {
			t.Error("Beat whose answer was lost: no error, want one")
		}
		after, _, err := truth.Instances(t.Context(), "beats")
		if err != nil || len(after) != 1 || after[0].Beat != before[0].Beat+1 {
			t.Errorf("the record was %+v and is %+v, %v; want the beat counted up once", before, after, err)
		}
	})
}
