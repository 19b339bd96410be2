package sqlite

import (
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry"
)

const (
	anID  = "01890a5d-ac96-774b-bcce-b302099a8057"
	aTime = int64(1_700_000_000_000_000)
)

func goodTerm() termRow {
	return termRow{group: "g", number: int64(1), holder: anID, startedAt: aTime, schema: int64(1)}
}

func goodInstance() instanceRow {
	return instanceRow{id: anID, group: "g", beat: int64(0), heartbeat: aTime, schema: int64(1)}
}

func TestTermRow_DecodesWhatMakesSense(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(r *termRow)
		want error
	}{
		{"the least", func(*termRow) {}, nil},
		{"a holder in capitals", func(r *termRow) { r.holder = "01890A5D-AC96-774B-BCCE-B302099A8057" }, registry.ErrCorrupt},
		{"a holder in braces", func(r *termRow) { r.holder = "{" + anID + "}" }, registry.ErrCorrupt},
		{"no holder", func(r *termRow) { r.holder = "00000000-0000-0000-0000-000000000000" }, registry.ErrCorrupt},
		// The zero time would make an ended term look open.
		{"ended at the zero time", func(r *termRow) { r.endedAt = time.Time{}.UnixMicro() }, registry.ErrCorrupt},
		{"ended in 1970", func(r *termRow) { r.endedAt = int64(0) }, registry.ErrCorrupt},
		{"ended beyond 9999", func(r *termRow) { r.endedAt = int64(math.MaxInt64) }, registry.ErrCorrupt},
		{"a number as a float", func(r *termRow) { r.number = 1.0 }, registry.ErrCorrupt},
		{"a newer schema with other forms", func(r *termRow) { r.schema, r.holder, r.endedAt = int64(2), []byte{1}, "x" }, registry.ErrSchema},
		{"a time that a driver made", func(r *termRow) { r.startedAt = time.Now() }, registry.ErrCorrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			row := goodTerm()
			tt.make(&row)
			term, err := row.decode()
			if !errors.Is(err, tt.want) {
				t.Errorf("got %+v, %v; want %v", term, err, tt.want)
			}
		})
	}
}

func TestMicros_StoresNoDurationShorter(t *testing.T) {
	for _, tt := range []struct {
		d    time.Duration
		want int64
	}{
		{0, 0}, {1, 1}, {999, 1}, {1000, 1}, {1001, 2},
		{time.Second, 1e6}, {time.Second + 1, 1e6 + 1}, {math.MaxInt64, math.MaxInt64 / 1000},
	} {
		if got := micros(tt.d); got != tt.want {
			t.Errorf("micros(%d) = %d, want %d", tt.d, got, tt.want)
		}
	}
}

// Whatever a column holds, decoding says what is wrong or returns a record that passes
// its own check.
func FuzzDecode(f *testing.F) {
	for column := range uint8(16) {
		for kind := range uint8(6) {
			f.Add(column, kind, int64(-1), 2.5, "garbage")
		}
		f.Add(column, uint8(1), int64(math.MaxInt64), 0.0, anID)
		f.Add(column, uint8(3), int64(math.MinInt64), math.NaN(), anID)
		f.Add(column, uint8(1), time.Time{}.UnixMicro(), math.Inf(1), "\x00\xff")
	}
	f.Fuzz(func(t *testing.T, column, kind uint8, n int64, x float64, s string) {
		value := []any{nil, n, x, s, []byte(s), time.Unix(n, 0), n&1 == 0}[kind%7]
		set := func(fields []any) {
			reflect.ValueOf(fields[int(column)%len(fields)]).Elem().Set(reflect.ValueOf(&value).Elem())
		}
		instance, term := goodInstance(), goodTerm()
		set(instance.fields())
		set(term.fields())
		in, err := instance.decode()
		if err == nil {
			err = in.Check()
			if err != nil {
				t.Errorf("decoded %+v, which is %v", in, err)
			}
		} else if !errors.Is(err, registry.ErrCorrupt) && !errors.Is(err, registry.ErrSchema) {
			t.Errorf("%#v: %v", value, err)
		}
		te, err := term.decode()
		if err == nil {
			err = te.Check()
			if err != nil || te.Open() != (term.endedAt == nil) {
				t.Errorf("decoded %+v, which is %v", te, err)
			}
		} else if !errors.Is(err, registry.ErrCorrupt) && !errors.Is(err, registry.ErrSchema) && !errors.Is(err, registry.ErrTermExhausted) {
			t.Errorf("%#v: %v", value, err)
		}
	})
}
