package sqlitefile

import (
	"fmt"
	"strings"
)

// maxForeign is how many things of another program are named.
const maxForeign = 8

// Foreign names what another program has added to tables of this one, with advice for
// people: triggers, views, and the indexes that are not this program's own. The names of
// the tables are in lower case.
func (c *Conn) Foreign(tables []string, isOwn func(index string) bool) string {
	var found []string
	err := c.Each(func(scan func(dest ...any) error) error {
		var kind, name, table string
		err := scan(&kind, &name, &table)
		own := kind == "index" && isOwn(name)
		if !own && len(found) < maxForeign {
			found = append(found, fmt.Sprintf("the %s %q of %s", kind, name, table))
		}
		return err
	}, `SELECT type, substr(name, 1, 64), lower(tbl_name) FROM sqlite_schema WHERE lower(tbl_name) IN ('`+strings.Join(tables, "', '")+`')
		AND (type IN ('trigger', 'view') OR type = 'index' AND sql IS NOT NULL) ORDER BY type, name`)
	if err != nil || len(found) == 0 {
		return "see how its tables are defined"
	}
	return "remove what another program has added: " + strings.Join(found, ", ")
}
