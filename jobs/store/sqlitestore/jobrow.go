package sqlitestore

import (
	"fmt"

	"github.com/understudy-go/understudy/jobs/store"
)

// jobRow is a job as it is stored. Its columns may hold anything.
type jobRow struct {
	group, name, mark, hash, since, term, revision, schedule, zone, description, next, gone any
	pausedBy, pausedWhy, pausedAt, schema                                                   any
}

func (r *jobRow) fields() []any {
	return []any{&r.group, &r.name, &r.mark, &r.hash, &r.since, &r.term, &r.revision, &r.schedule, &r.zone, &r.description, &r.next, &r.gone,
		&r.pausedBy, &r.pausedWhy, &r.pausedAt, &r.schema}
}

// decode returns the job, or ErrCorrupt or ErrSchema.
func (r *jobRow) decode() (store.Job, error) {
	var d decoder
	j := store.Job{
		Group:       vital(&d, "group", r.group, text),
		Name:        vital(&d, "name", r.name, exact(store.MaxJob)),
		Mark:        optional(&d, "mark", r.mark, date),
		Hash:        vital(&d, "hash", r.hash, text),
		Since:       optional(&d, "since", r.since, date),
		Term:        vital(&d, "term", r.term, integer),
		Revision:    vital(&d, "revision", r.revision, integer),
		Schedule:    lenient(r.schedule, text),
		Zone:        lenient(r.zone, text),
		Description: lenient(r.description, text),
		Next:        lenient(r.next, date),
		Gone:        lenient(r.gone, truth),
		Paused:      request(r.pausedBy, r.pausedWhy, r.pausedAt),
		Schema:      vital(&d, "schema", r.schema, small),
	}
	if n, ok := integer(r.schema); ok && n > store.Schema {
		j.Schema = store.Schema + 1
	}
	if err := d.result(j.Check()); err != nil {
		return store.Job{}, fmt.Errorf("job %.100q of group %.64q: %w", fmt.Sprint(r.name), fmt.Sprint(r.group), err)
	}
	return j, nil
}

// jobValues returns a job as insertJob takes it.
func jobValues(j store.Job) []any {
	by, why, at := askedBy(j.Paused)
	return []any{j.Group, j.Name, millis(j.Mark), j.Hash, millis(j.Since), j.Term, j.Revision, j.Schedule, j.Zone, j.Description,
		millis(j.Next), flag(j.Gone), by, why, at, j.Schema}
}
