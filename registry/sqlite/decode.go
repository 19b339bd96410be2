package sqlite

import (
	"fmt"
	"math"
	"time"

	"github.com/understudy-go/understudy/internal/sqlitefields"
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
	var d sqlitefields.Decoder
	in := registry.Instance{
		ID:          sqlitefields.Vital(&d, "id", r.id, sqlitefields.Identity),
		Group:       sqlitefields.Vital(&d, "group", r.group, sqlitefields.Text),
		Host:        sqlitefields.Lenient(r.host, sqlitefields.Text),
		PID:         int(sqlitefields.Lenient(r.pid, sqlitefields.Integer)),
		Version:     sqlitefields.Lenient(r.version, sqlitefields.Text),
		StartedAt:   sqlitefields.Lenient(r.startedAt, date),
		Beat:        sqlitefields.Vital(&d, "beat", r.beat, sqlitefields.Integer),
		Heartbeat:   sqlitefields.Vital(&d, "heartbeat", r.heartbeat, date),
		Interval:    sqlitefields.Lenient(r.interval, span),
		OrphanAfter: sqlitefields.Lenient(r.orphanAfter, span),
		Priority:    int(sqlitefields.Lenient(r.priority, sqlitefields.Integer)),
		Command:     sqlitefields.Lenient(r.command, sqlitefields.Text),
		Schema:      int(sqlitefields.Vital(&d, "schema", r.schema, sqlitefields.Integer)),
		Status: registry.Status{
			Role:      registry.Role(sqlitefields.Lenient(r.role, sqlitefields.Text)),
			Term:      sqlitefields.Lenient(r.term, sqlitefields.Integer),
			Candidate: sqlitefields.Lenient(r.candidate, sqlitefields.Integer) == 1,
		},
	}
	if err := d.Result(in.Check()); err != nil {
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
	var d sqlitefields.Decoder
	t := registry.Term{
		Group:       sqlitefields.Vital(&d, "group", r.group, sqlitefields.Text),
		Number:      sqlitefields.Vital(&d, "number", r.number, sqlitefields.Integer),
		Holder:      sqlitefields.Vital(&d, "holder", r.holder, sqlitefields.Identity),
		Host:        sqlitefields.Lenient(r.host, sqlitefields.Text),
		OrphanAfter: sqlitefields.Lenient(r.orphanAfter, span),
		StartedAt:   sqlitefields.Vital(&d, "startedAt", r.startedAt, date),
		End: registry.End{
			Reason:   registry.Reason(sqlitefields.Lenient(r.reason, sqlitefields.Text)),
			ExitCode: int(sqlitefields.Lenient(r.exitCode, sqlitefields.Integer)),
			Silence:  sqlitefields.Lenient(r.silence, span),
		},
		Schema: int(sqlitefields.Vital(&d, "schema", r.schema, sqlitefields.Integer)),
	}
	if r.endedAt != nil {
		t.EndedAt = sqlitefields.Vital(&d, "endedAt", r.endedAt, date)
	}
	if at, ok := date(r.handoverAt); ok {
		to, ok := sqlitefields.Identity(r.handoverTo)
		if ok || r.handoverTo == nil {
			t.Handover = &registry.Handover{To: to, At: at}
		}
	}
	if err := d.Result(t.Check()); err != nil {
		return registry.Term{}, fmt.Errorf("term %.64q of group %.64q: %w", fmt.Sprint(r.number), fmt.Sprint(r.group), err)
	}
	return t, nil
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
