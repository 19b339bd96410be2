package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/understudy-go/understudy/internal/sqlitefile"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/finding"
	"github.com/understudy-go/understudy/registry/internal/trial"
)

// useAnother is the cure for a file that another program has changed.
const useAnother = "name another file, for Understudy alone"

var errNoTable = errors.New("no such table")

// checkTables checks whether our tables are there, and whether another program has
// added something that may refuse or undo what instances write.
func (r *Registry) checkTables(ctx context.Context) []finding.Finding {
	const name = "tables"
	list, err := reading(ctx, r, func(c *conn) (list []finding.Finding, err error) {
		missing := map[string]bool{"instances": true, "terms": true}
		err = c.Each(func(scan func(dest ...any) error) error {
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
			list = append(list, finding.Error(name, fmt.Errorf("%w: %s is missing", errNoTable, table), useAnother))
		}
		return list, nil
	})
	switch {
	case err != nil:
		return []finding.Finding{finding.Error(name, err, "")}
	case len(list) == 0:
		return []finding.Finding{finding.OK(name, "instances and terms, and nothing hinders an instance")}
	}
	return list
}

// objection returns what may be wrong with one object of the schema that belongs to
// one of our tables.
func objection(kind, object, table, text string) []finding.Finding {
	const name = "tables"
	drop := fmt.Sprintf(`DROP %s "%s", or %s`, strings.ToUpper(kind), object, useAnother)
	text = strings.ToUpper(text)
	switch {
	case kind == "view":
		return []finding.Finding{finding.Error(name, fmt.Errorf("%w: %s is a view, which cannot be a registry", errNoTable, object), useAnother)}
	case kind == "trigger":
		return []finding.Finding{finding.Warning(name,
			fmt.Sprintf("the trigger %.64q acts on the table %s: what this version of Understudy writes is tried below, what the next one writes may be refused", object, table), drop)}
	case kind == "index" && strings.HasPrefix(text, "CREATE UNIQUE"):
		about := fmt.Sprintf("the index %.64q of %s is unique", object, table)
		if strings.Contains(text, "WHERE") {
			return []finding.Finding{finding.Warning(name, about+", and may refuse a record", drop)}
		}
		return []finding.Finding{finding.Error(name, errors.New(about+": it refuses a second record that has the same values there"), drop)}
	}
	return nil
}

// checkTrial does what an instance does at its start, in a group whose name is made up.
func (r *Registry) checkTrial(ctx context.Context) (list []finding.Finding) {
	const name = "trial"
	for _, part := range []func(ctx context.Context, r registry.Registry, group string) error{trial.Instances, trial.Terms} {
		err := r.file.Trial(ctx, func(f *sqlitefile.File) error {
			return part(ctx, newRegistry(f), trial.Group())
		})
		if err != nil {
			list = append(list, problem(name, err))
		}
	}
	if list == nil {
		list = append(list, finding.OK(name, "two instances were registered, beat, began and ended terms; all of it was rolled back"))
	}
	return list
}
