package sqlitestore

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/sqlitefields"
	"github.com/understudy-go/understudy/jobs/store"
)

// runRow is a run as it is stored. Its columns may hold anything.
type runRow struct {
	group, job, run, trigger, slot, at, due, priority, by, payload, parent, state, open                 any
	term, instance, attempt, nonce, failures, interruptions, retriedBy, percent, progress, progressAt   any
	remark, endedAt, cancelBy, cancelWhy, cancelAt, schema, bytes, attempts, result, output, outputTail any
}

func (r *runRow) fields() []any {
	return []any{&r.group, &r.job, &r.run, &r.trigger, &r.slot, &r.at, &r.due, &r.priority, &r.by, &r.payload, &r.parent, &r.state, &r.open,
		&r.term, &r.instance, &r.attempt, &r.nonce, &r.failures, &r.interruptions, &r.retriedBy, &r.percent, &r.progress, &r.progressAt,
		&r.remark, &r.endedAt, &r.cancelBy, &r.cancelWhy, &r.cancelAt, &r.schema, &r.bytes, &r.attempts, &r.result, &r.output, &r.outputTail}
}

// decode returns the run, or ErrCorrupt or ErrSchema.
func (r *runRow) decode() (store.Run, error) {
	var d sqlitefields.Decoder
	run := store.Run{
		Key: store.Key{
			Group: sqlitefields.Vital(&d, "group", r.group, sqlitefields.Text),
			Job:   sqlitefields.Vital(&d, "job", r.job, exact(store.MaxJob)),
			Run:   sqlitefields.Vital(&d, "run", r.run, exact(store.MaxRunID)),
		},
		Trigger:       store.Trigger(sqlitefields.Lenient(r.trigger, sqlitefields.Text)),
		Slot:          optional(&d, "slot", r.slot, date),
		At:            sqlitefields.Vital(&d, "at", r.at, date),
		Due:           optional(&d, "due", r.due, date),
		Priority:      sqlitefields.Vital(&d, "priority", r.priority, small),
		By:            sqlitefields.Lenient(r.by, sqlitefields.Text),
		Payload:       optional(&d, "payload", r.payload, digest),
		Parent:        store.Parent(sqlitefields.Lenient(r.parent, exact(store.MaxParent))),
		State:         store.State(sqlitefields.Vital(&d, "state", r.state, sqlitefields.Text)),
		Open:          sqlitefields.Vital(&d, "open", r.open, truth),
		Term:          sqlitefields.Vital(&d, "term", r.term, sqlitefields.Integer),
		Instance:      optional(&d, "instance", r.instance, sqlitefields.Identity),
		Attempt:       sqlitefields.Vital(&d, "attempt", r.attempt, small),
		Nonce:         optional(&d, "nonce", r.nonce, sqlitefields.Identity),
		Attempts:      optional(&d, "attempts", r.attempts, attempts),
		Failures:      sqlitefields.Vital(&d, "failures", r.failures, small),
		Interruptions: sqlitefields.Vital(&d, "interruptions", r.interruptions, small),
		RetriedBy:     sqlitefields.Lenient(r.retriedBy, sqlitefields.Text),
		Progress:      store.Progress{Percent: sqlitefields.Lenient(r.percent, small), Text: sqlitefields.Lenient(r.progress, sqlitefields.Text), At: sqlitefields.Lenient(r.progressAt, date)}.Stored(),
		Result:        sqlitefields.Lenient(r.result, blob),
		Output:        store.Output{Head: sqlitefields.Lenient(r.output, blob), Tail: sqlitefields.Lenient(r.outputTail, blob), Bytes: max(sqlitefields.Lenient(r.bytes, sqlitefields.Integer), 0)},
		Remark:        sqlitefields.Lenient(r.remark, sqlitefields.Text),
		EndedAt:       optional(&d, "endedAt", r.endedAt, date),
		Cancel:        request(r.cancelBy, r.cancelWhy, r.cancelAt),
		Schema:        sqlitefields.Vital(&d, "schema", r.schema, small),
	}
	if n, ok := sqlitefields.Integer(r.schema); ok && n > store.Schema {
		run.Schema = store.Schema + 1
	}
	if err := d.Result(run.Check()); err != nil {
		return store.Run{}, fmt.Errorf("run %.200q of group %.64q: %w", fmt.Sprintf("%v/%v", r.job, r.run), fmt.Sprint(r.group), err)
	}
	return run, nil
}

// runValues returns a run as insertRun takes it.
func runValues(r store.Run) []any {
	var digest any
	if r.Payload != (store.Digest{}) {
		digest = r.Payload[:]
	}
	by, why, at := askedBy(r.Cancel)
	return []any{r.Group, r.Job, r.Key.Run, string(r.Trigger), millis(r.Slot), millis(r.At), millis(r.Due), r.Priority, r.By, digest, r.Parent,
		string(r.State), flag(r.Open), r.Term, orNull(r.Instance), r.Attempt, orNull(r.Nonce), r.Failures, r.Interruptions, r.RetriedBy,
		r.Progress.Percent, r.Progress.Text, millis(r.Progress.At), r.Remark, millis(r.EndedAt), by, why, at, r.Schema,
		r.Output.Bytes, attemptsText(r.Attempts), data(r.Result), data(r.Output.Head), data(r.Output.Tail)}
}

// attempt is an attempt as it is stored.
type attempt struct {
	Number   int    `json:"number"`
	Instance string `json:"instance,omitempty"`
	Host     string `json:"host,omitempty"`
	Term     int64  `json:"term"`
	From     int64  `json:"from,omitempty"`
	To       int64  `json:"to,omitempty"`
	End      string `json:"end,omitempty"`
	ExitCode int    `json:"exitCode"`
}

func attemptsText(list []store.Attempt) any {
	if len(list) == 0 {
		return nil
	}
	var stored []attempt
	for _, a := range list {
		s := attempt{Number: a.Number, Host: a.Host, Term: a.Term, End: string(a.End), ExitCode: a.ExitCode}
		if a.Instance != uuid.Nil {
			s.Instance = a.Instance.String()
		}
		if !a.From.IsZero() {
			s.From = a.From.UnixMilli()
		}
		if !a.To.IsZero() {
			s.To = a.To.UnixMilli()
		}
		stored = append(stored, s)
	}
	text, err := json.Marshal(stored)
	if err != nil {
		return nil // there is nothing in it that has no JSON
	}
	return string(text)
}

// attempts decodes the attempts of a run. Within one of them, no decision rests on a field.
func attempts(stored any) ([]store.Attempt, bool) {
	s, _ := stored.(string)
	var read []attempt
	if len(s) > maxAttemptsText || json.Unmarshal([]byte(s), &read) != nil {
		return nil, false
	}
	var list []store.Attempt
	for _, a := range read[max(0, len(read)-store.MaxAttempts):] {
		list = append(list, store.Attempt{
			Number: a.Number, Instance: sqlitefields.Lenient(a.Instance, sqlitefields.Identity), Host: a.Host, Term: a.Term,
			From: sqlitefields.Lenient(a.From, date), To: sqlitefields.Lenient(a.To, date), End: store.AttemptEnd(a.End), ExitCode: a.ExitCode,
		}.Stored())
	}
	return list, true
}
