package mongodb_test

import (
	"testing"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry"
)

// A mark that makes no sense is none.
func TestMark_GarbageIsNoMark(t *testing.T) {
	t.Parallel()
	uri := mongotest.Shared(t)
	r := open(t, uri)
	in := register(t, r, "g")
	for _, value := range []any{"7", 7.5, bson.A{int64(7)}, nil, true} {
		set(t, db(t, uri, "").Collection("instances"), in.ID, bson.M{"listen": value})
		ack, err := r.Beat(t.Context(), in.ID, in.Status)
		if err != nil || ack.Listen != 0 || ack.At.IsZero() {
			t.Errorf("%v: Beat: %+v, %v", value, ack, err)
		}
	}
	if err := r.Mark(t.Context(), in.ID, 7); err != nil {
		t.Fatal(err)
	}
	if ack, err := r.Beat(t.Context(), in.ID, in.Status); err != nil || ack.Listen != 7 {
		t.Errorf("Beat: %+v, %v; want the mark 7", ack, err)
	}
}

func TestEndTerm_StoresWhoShouldTakeOver(t *testing.T) {
	t.Parallel()
	r := open(t, mongotest.Shared(t))
	holder, next := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	begin(t, r, "g", 1, holder)
	if err := r.EndTerm(t.Context(), "g", 1, holder, registry.End{Reason: registry.Stopped, Next: next}); err != nil {
		t.Fatal(err)
	}
	if got := latest(t, r, "g"); got.End.Next != next {
		t.Errorf("ended %+v, want %v next", got.End, next)
	}
}
