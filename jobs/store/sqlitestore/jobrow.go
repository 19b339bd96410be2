package sqlitestore

import (
	"fmt"

	"github.com/understudy-go/understudy/internal/sqlitefields"
	"github.com/understudy-go/understudy/jobs/store"
)

// jobRow is a job as it is stored. Its columns may hold anything.
type jobRow struct {
	group, name, mark, hash, since, digest, term, revision, schedule, zone, description, next, gone any
	pausedBy, pausedWhy, pausedAt, resumed, schema                                                  any
}

func (r *jobRow) fields() []any {
	return []any{&r.group, &r.name, &r.mark, &r.hash, &r.since, &r.digest, &r.term, &r.revision, &r.schedule, &r.zone, &r.description, &r.next, &r.gone,
		&r.pausedBy, &r.pausedWhy, &r.pausedAt, &r.resumed, &r.schema}
}

// decode returns the job, or ErrCorrupt or ErrSchema.
func (r *jobRow) decode() (store.Job, error) {
	var d sqlitefields.Decoder
	j := store.Job{
		Group:       sqlitefields.Vital(&d, "group", r.group, sqlitefields.Text),
		Name:        sqlitefields.Vital(&d, "name", r.name, exact(store.MaxJob)),
		Mark:        optional(&d, "mark", r.mark, date),
		Hash:        sqlitefields.Vital(&d, "hash", r.hash, sqlitefields.Text),
		Since:       optional(&d, "since", r.since, date),
		Digest:      sqlitefields.Lenient(r.digest, sqlitefields.Text),
		Term:        sqlitefields.Vital(&d, "term", r.term, sqlitefields.Integer),
		Revision:    sqlitefields.Vital(&d, "revision", r.revision, sqlitefields.Integer),
		Schedule:    sqlitefields.Lenient(r.schedule, sqlitefields.Text),
		Zone:        sqlitefields.Lenient(r.zone, sqlitefields.Text),
		Description: sqlitefields.Lenient(r.description, sqlitefields.Text),
		Next:        sqlitefields.Lenient(r.next, date),
		Gone:        sqlitefields.Lenient(r.gone, truth),
		Paused:      request(r.pausedBy, r.pausedWhy, r.pausedAt),
		Resumed:     optional(&d, "resumed", r.resumed, date),
		Schema:      sqlitefields.Vital(&d, "schema", r.schema, small),
	}
	if n, ok := sqlitefields.Integer(r.schema); ok && n > store.Schema {
		j.Schema = store.Schema + 1
	}
	if err := d.Result(j.Check()); err != nil {
		return store.Job{}, fmt.Errorf("job %.100q of group %.64q: %w", fmt.Sprint(r.name), fmt.Sprint(r.group), err)
	}
	return j, nil
}

// jobValues returns a job as insertJob takes it.
func jobValues(j store.Job) []any {
	by, why, at := askedBy(j.Paused)
	return []any{j.Group, j.Name, millis(j.Mark), j.Hash, millis(j.Since), j.Digest, j.Term, j.Revision, j.Schedule, j.Zone, j.Description,
		millis(j.Next), flag(j.Gone), by, why, at, millis(j.Resumed), j.Schema}
}
