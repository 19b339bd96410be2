package sqlitestore

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

func goodRun() runRow {
	r := newRun("report", "1")
	r.Term, r.Schema = 1, store.Schema
	var row runRow
	for i, v := range runValues(r) {
		switch n := v.(type) {
		case int: // as SQLite returns it
			v = int64(n)
		}
		reflect.ValueOf(row.fields()[i]).Elem().Set(reflect.ValueOf(&v).Elem())
	}
	return row
}

func goodJob() jobRow {
	return jobRow{group: "g", name: "report", hash: "", term: int64(1), revision: int64(1), schema: int64(1)}
}

// The columns of a row are in the order of the statements.
func TestColumns_AreThoseOfTheRows(t *testing.T) {
	if got, want := len((&runRow{}).fields()), len(runColumns)+len(runLarge); got != want || len(runValues(store.Run{})) != want {
		t.Errorf("a row of runs has %d fields and %d values, want %d", got, len(runValues(store.Run{})), want)
	}
	if got, want := len((&jobRow{}).fields()), len(jobColumns); got != want || len(jobValues(store.Job{})) != want {
		t.Errorf("a row of jobs has %d fields and %d values, want %d", got, len(jobValues(store.Job{})), want)
	}
}

func TestAttempts_AreReadAsTheyWereWritten(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_123).UTC()
	var list []store.Attempt
	for i := range store.MaxAttempts {
		list = append(list, store.Attempt{Number: i + 1, Instance: uuid.New(), Host: strings.Repeat("\x01", store.MaxRemark), Term: math.MaxInt64,
			From: at, To: at, End: store.AttemptTimedOut, ExitCode: -1})
	}
	text, _ := attemptsText(list).(string)
	if len(text) > maxAttemptsText {
		t.Errorf("they take %d bytes, want up to %d", len(text), maxAttemptsText)
	}
	got, ok := attempts(text)
	if diff := cmp.Diff(list, got); !ok || diff != "" {
		t.Errorf("they cannot be read, or differ (- want, + got):\n%s", diff)
	}
	for text, want := range map[string]int{
		`[]`: 0, `null`: 0, `[{}]`: 1, `[{"number":1,"unknown":[1]},{}]`: 2,
		`[` + strings.Repeat(`{},`, 99) + `{}]`: store.MaxAttempts,
	} {
		if got, ok := attempts(text); !ok || len(got) != want {
			t.Errorf("%.40s: %d attempts, %v; want %d", text, len(got), ok, want)
		}
	}
	for _, text := range []any{``, `{}`, `[1]`, `[`, `[{"number":"1"}]`, strings.Repeat("[", 100_000), int64(1), []byte(`[]`)} {
		if got, ok := attempts(text); ok {
			t.Errorf("%.40v: %v, want that it makes no sense", text, got)
		}
	}
}

// Whatever a column holds, decoding says what is wrong or returns a record that passes its
// own check.
func FuzzDecode(f *testing.F) {
	for column := range uint8(33) {
		for kind := range uint8(7) {
			f.Add(column, kind, int64(-1), 2.5, "garbage")
		}
		f.Add(column, uint8(1), int64(math.MaxInt64), 0.0, "waiting")
		f.Add(column, uint8(3), int64(math.MinInt64), math.NaN(), "[{}]")
	}
	f.Fuzz(func(t *testing.T, column, kind uint8, n int64, x float64, s string) {
		value := []any{nil, n, x, s, []byte(s), time.Unix(n, 0), n&1 == 0}[kind%7]
		set := func(fields []any) {
			reflect.ValueOf(fields[int(column)%len(fields)]).Elem().Set(reflect.ValueOf(&value).Elem())
		}
		row, job := goodRun(), goodJob()
		set(row.fields())
		set(job.fields())
		r, err := row.decode()
		if err == nil {
			err = r.Check()
			if err != nil {
				t.Errorf("decoded %+v, which is %v", r, err)
			}
			if stored, err := r.Stored(); err != nil || !cmp.Equal(stored, r) {
				t.Errorf("decoded %+v, which would be stored as %+v, %v", r, stored, err)
			}
		} else if !errors.Is(err, registry.ErrCorrupt) && !errors.Is(err, registry.ErrSchema) {
			t.Errorf("%#v: %v", value, err)
		}
		chunk := []any{int64(1), int64(2), []byte("x")}
		chunk[int(column)%len(chunk)] = value
		if c, err := decodeChunk(chunk[0], chunk[1], chunk[2]); err == nil && (c.N < 0 || c.Offset < 0) || err != nil && !errors.Is(err, registry.ErrCorrupt) {
			t.Errorf("%#v: %+v, %v", value, c, err)
		}
		k, err := decodeKey("g", chunk[0], value)
		if err == nil && k.Check() != nil || err != nil && !errors.Is(err, registry.ErrCorrupt) {
			t.Errorf("%#v: %+v, %v", value, k, err)
		}
		j, err := job.decode()
		if err == nil {
			err = j.Check()
			if err != nil {
				t.Errorf("decoded %+v, which is %v", j, err)
			}
			if stored, err := j.Stored(); err != nil || !cmp.Equal(stored, j) {
				t.Errorf("decoded %+v, which would be stored as %+v, %v", j, stored, err)
			}
		} else if !errors.Is(err, registry.ErrCorrupt) && !errors.Is(err, registry.ErrSchema) {
			t.Errorf("%#v: %v", value, err)
		}
	})
}
