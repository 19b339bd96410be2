package registry

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/uuid"
)

var (
	someTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	someID   = uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")
)

func TestInstance_CheckRefusesARecordThatCannotBeUsed(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(in *Instance)
		want error
	}{
		{"the least", func(*Instance) {}, nil},
		{"odd values where people alone read them", func(in *Instance) { in.PID, in.Priority = -1, math.MinInt }, nil},
		{"an unknown role", func(in *Instance) { in.Role = "boss" }, nil},
		{"no UUID", func(in *Instance) { in.ID = uuid.Nil }, ErrCorrupt},
		{"no group", func(in *Instance) { in.Group = "" }, ErrCorrupt},
		{"a group that is none", func(in *Instance) { in.Group = "a b" }, ErrCorrupt},
		{"a negative beat", func(in *Instance) { in.Beat = -1 }, ErrCorrupt},
		{"no heartbeat", func(in *Instance) { in.Heartbeat = time.Time{} }, ErrCorrupt},
		{"no schema", func(in *Instance) { in.Schema = 0 }, ErrCorrupt},
		{"a newer schema", func(in *Instance) { in.Schema = Schema + 1 }, ErrSchema},
		{"a newer schema that explains the rest", func(in *Instance) { *in = Instance{Schema: math.MaxInt} }, ErrSchema},
	} {
		in := Instance{ID: someID, Group: "g", Heartbeat: someTime, Schema: Schema}
		tt.make(&in)
		if err := in.Check(); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestInstance_PromiseIsNothingIfItMakesNoSense(t *testing.T) {
	const s = time.Second
	for _, tt := range []struct {
		interval, orphanAfter time.Duration
		ok                    bool
	}{
		{s, time.Minute, true},
		{MinInterval, time.Minute, true},
		{MinInterval - 1, time.Minute, false},
		{0, 0, false}, // the record has neither
		{s, 0, false},
		{0, time.Minute, false},
		{-s, -s, false},
		{time.Minute, s, false}, // each of them makes sense, but not the two together
		{s, 1 << 62, false},
	} {
		got, ok := Instance{Interval: tt.interval, OrphanAfter: tt.orphanAfter}.Promise()
		var want Timing
		if tt.ok {
			want = Timing{Interval: tt.interval, OrphanAfter: tt.orphanAfter, StopGrace: MinStopGrace}
		}
		if ok != tt.ok || got != want {
			t.Errorf("%v, %v: %+v, %v; want %+v, %v", tt.interval, tt.orphanAfter, got, ok, want, tt.ok)
		}
	}
}
