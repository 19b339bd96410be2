package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/finding"
	"github.com/understudy-go/understudy/registry/internal/trial"
)

// anew is the cure for a file that somebody else has changed.
const anew = "name another file, for Understudy alone"

var errNoTable = errors.New("no such table")

// checkTables sees whether the file holds what we make in it, and what else has
// a say in our tables.
func (r *Registry) checkTables(ctx context.Context) []finding.Finding {
	const name = "tables"
	list, err := reading(ctx, r, func(c *conn) (list []finding.Finding, err error) {
		missing := map[string]bool{"instances": true, "terms": true}
		err = c.each(func(scan func(dest ...any) error) error {
			var kind, object, table, text any
			if err := scan(&kind, &object, &table, &text); err != nil {
				return err
			}
			list = append(list, objection(fmt.Sprint(kind), fmt.Sprint(object), fmt.Sprint(table), fmt.Sprint(text))...)
			delete(missing, fmt.Sprint(object))
			return nil
		}, `SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE tbl_name IN ('instances', 'terms') COLLATE NOCASE ORDER BY name`)
		if err != nil {
			return nil, err
		}
		for table := range missing {
			list = append(list, finding.Error(name, fmt.Errorf("%w: %s is missing", errNoTable, table), anew))
		}
		return list, nil
	})
	switch {
	case err != nil:
		return []finding.Finding{finding.Error(name, err, "")}
	case len(list) == 0:
		return []finding.Finding{finding.OK(name, "instances and terms, with nothing in the way")}
	}
	return list
}

// objection says what is to be said against an object of the schema that belongs
// to one of our tables.
func objection(kind, object, table, text string) []finding.Finding {
	const name = "tables"
	drop := fmt.Sprintf(`DROP %s "%s", or %s`, strings.ToUpper(kind), object, anew)
	text = strings.ToUpper(text)
	switch {
	case kind == "view":
		return []finding.Finding{finding.Error(name, fmt.Errorf("%w: %s is a view, which cannot be a registry", errNoTable, object), anew)}
	case kind == "trigger":
		return []finding.Finding{finding.Warning(name,
			fmt.Sprintf("the trigger %.64q has a say in the table %s: what this version of Understudy writes is tried below, what the next one writes may be refused", object, table), drop)}
	case kind == "index" && strings.HasPrefix(text, "CREATE UNIQUE"):
		about := fmt.Sprintf("the index %.64q of %s is unique", object, table)
		if strings.Contains(text, "WHERE") {
			return []finding.Finding{finding.Warning(name, about+", and may refuse a record", drop)}
		}
		return []finding.Finding{finding.Error(name, errors.New(about+": it refuses the second record that is alike in that"), drop)}
	}
	return nil
}

// checkTrial does what an instance does first, in a group that is made up.
func (r *Registry) checkTrial(ctx context.Context) (list []finding.Finding) {
	const name = "trial"
	for _, part := range []func(ctx context.Context, r registry.Registry, group string) error{trial.Instances, trial.Terms} {
		if err := r.inVain(ctx, part); err != nil {
			list = append(list, finding.Error(name, err, ""))
		}
	}
	if list == nil {
		list = append(list, finding.OK(name, "two instances were registered, beat, began and ended terms; all of it was rolled back"))
	}
	return list
}

// inVain calls f in a transaction that is rolled back: so it is, too, if this
// process is killed.
func (r *Registry) inVain(ctx context.Context, f func(ctx context.Context, r registry.Registry, group string) error) error {
	var refused error
	err := r.locked(ctx, func(c *conn) error {
		c.rehearsing = true
		refused = f(ctx, r.stage(c), trial.Group())
		_ = c.exec("ROLLBACK") // or a trigger did it already
		return nil
	})
	if err == nil {
		err = refused
	}
	return err
}

// stage is a registry on one connection whose transaction goes on.
func (r *Registry) stage(c *conn) *Registry {
	stage := &Registry{
		given: r.path(),
		write: make(chan struct{}, 1),
		read:  make(chan struct{}, 1),
		homes: map[uuid.UUID]int{},
		file:  &file{parts: r.file.parts[:1], writer: c, reader: c, gone: r.file.gone},

		closed: r.closed,
	}
	stage.real.Store(&stage.given)
	return stage
}
