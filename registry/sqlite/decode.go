package sqlite

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

const instanceColumns = `id, "group", host, pid, version, startedAt, beat, heartbeat, role, term, candidate, interval, orphanAfter, priority, command, schema`

// instanceRow is an instance as it is stored. Its columns may hold anything.
type instanceRow struct {
	id, group, host, pid, version, startedAt, beat, heartbeat, role, term, candidate, interval, orphanAfter, priority, command, schema any
}

func (r *instanceRow) fields() []any {
	return []any{&r.id, &r.group, &r.host, &r.pid, &r.version, &r.startedAt, &r.beat, &r.heartbeat, &r.role, &r.term, &r.candidate, &r.interval, &r.orphanAfter, &r.priority, &r.command, &r.schema}
}

// decode returns the instance, or ErrCorrupt or ErrSchema.
func (r *instanceRow) decode() (registry.Instance, error) {
	var d decoder
	in := registry.Instance{
		ID:          vital(&d, "id", r.id, identity),
		Group:       vital(&d, "group", r.group, text),
		Host:        lenient(r.host, text),
		PID:         int(lenient(r.pid, integer)),
		Version:     lenient(r.version, text),
		StartedAt:   lenient(r.startedAt, date),
		Beat:        vital(&d, "beat", r.beat, integer),
		Heartbeat:   vital(&d, "heartbeat", r.heartbeat, date),
		Interval:    lenient(r.interval, span),
		OrphanAfter: lenient(r.orphanAfter, span),
		Priority:    int(lenient(r.priority, integer)),
		Command:     lenient(r.command, text),
		Schema:      int(vital(&d, "schema", r.schema, integer)),
		Status: registry.Status{
			Role:      registry.Role(lenient(r.role, text)),
			Term:      lenient(r.term, integer),
			Candidate: lenient(r.candidate, integer) == 1,
		},
	}
	if err := d.result(in.Check()); err != nil {
		return registry.Instance{}, fmt.Errorf("instance %.64q: %w", fmt.Sprint(r.id), err)
	}
	return in, nil
}

const termColumns = `"group", number, holder, host, orphanAfter, startedAt, endedAt, reason, exitCode, handoverTo, handoverAt, schema, silence`

// termRow is a term as it is stored. Its columns may hold anything.
type termRow struct {
	group, number, holder, host, orphanAfter, startedAt, endedAt, reason, exitCode, handoverTo, handoverAt, schema, silence any
}

func (r *termRow) fields() []any {
	return []any{&r.group, &r.number, &r.holder, &r.host, &r.orphanAfter, &r.startedAt, &r.endedAt, &r.reason, &r.exitCode, &r.handoverTo, &r.handoverAt, &r.schema, &r.silence}
}

// decode returns the term, or ErrCorrupt, ErrSchema or ErrTermExhausted.
func (r *termRow) decode() (registry.Term, error) {
	var d decoder
	t := registry.Term{
		Group:       vital(&d, "group", r.group, text),
		Number:      vital(&d, "number", r.number, integer),
		Holder:      vital(&d, "holder", r.holder, identity),
		Host:        lenient(r.host, text),
		OrphanAfter: lenient(r.orphanAfter, span),
		StartedAt:   vital(&d, "startedAt", r.startedAt, date),
		End: registry.End{
			Reason:   registry.Reason(lenient(r.reason, text)),
			ExitCode: int(lenient(r.exitCode, integer)),
			Silence:  lenient(r.silence, span),
		},
		Schema: int(vital(&d, "schema", r.schema, integer)),
	}
	if r.endedAt != nil {
		t.EndedAt = vital(&d, "endedAt", r.endedAt, date)
	}
	if at, ok := date(r.handoverAt); ok {
		to, ok := identity(r.handoverTo)
		if ok || r.handoverTo == nil {
			t.Handover = &registry.Handover{To: to, At: at}
		}
	}
	if err := d.result(t.Check()); err != nil {
		return registry.Term{}, fmt.Errorf("term %.64q of group %.64q: %w", fmt.Sprint(r.number), fmt.Sprint(r.group), err)
	}
	return t, nil
}

// decoder has the error of the first vital column that could not be understood.
type decoder struct{ err error }

// vital decodes a column that the record cannot do without.
func vital[T any](d *decoder, column string, stored any, as func(any) (T, bool)) T {
	v, ok := as(stored)
	if !ok && d.err == nil {
		d.err = fmt.Errorf("%w: %s is %.64q (%T)", registry.ErrCorrupt, column, fmt.Sprint(stored), stored)
	}
	return v
}

// lenient decodes a column on which no decision rests. It returns zero for a value
// that makes no sense.
func lenient[T any](stored any, as func(any) (T, bool)) T {
	v, _ := as(stored)
	return v
}

// result returns what is wrong with a record, by its columns and by its own check. A
// newer schema explains everything else.
func (d *decoder) result(check error) error {
	if d.err == nil || errors.Is(check, registry.ErrSchema) {
		return check
	}
	return d.err
}

func text(stored any) (string, bool) {
	s, ok := stored.(string)
	return registry.Clip(s), ok
}

func integer(stored any) (int64, bool) {
	n, ok := stored.(int64)
	return n, ok
}

func identity(stored any) (uuid.UUID, bool) {
	s, _ := stored.(string)
	id, err := uuid.Parse(s)
	if err != nil || id.String() != s {
		return uuid.Nil, false
	}
	return id, true
}

// latestDate is the end of the year 9999, in microseconds.
const latestDate = 253402300800e6

// date decodes an instant from the years 1970 to 9999. The zero time is not one of
// them.
func date(stored any) (time.Time, bool) {
	n, ok := stored.(int64)
	if !ok || n <= 0 || n >= latestDate {
		return time.Time{}, false
	}
	return time.UnixMicro(n).UTC(), true
}

// span decodes a duration of more than nothing and up to ten years.
func span(stored any) (time.Duration, bool) {
	const longest = int64(10 * 365 * 24 * time.Hour / time.Microsecond)
	n, ok := stored.(int64)
	if !ok || n <= 0 || n > longest {
		return 0, false
	}
	return time.Duration(n) * time.Microsecond, true
}

// micros returns how a duration is stored: in microseconds, and never shorter than it
// was promised.
func micros(d time.Duration) int64 {
	return int64(min(d, math.MaxInt64-time.Microsecond)+time.Microsecond-1) / int64(time.Microsecond)
}
