package sqlite

import (
	"fmt"
	"math"
	"strings"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// bounded returns what to select of columns. Other programs may store values of any
// size in them. Of a value that is longer than any that makes sense, only the beginning
// is read: SQLite knows the length without reading the rest.
func bounded(columns string) string {
	list := strings.Split(columns, ", ")
	for i, column := range list {
		list[i] = fmt.Sprintf(`CASE WHEN octet_length(%[1]s) <= %[2]d OR %[1]s IS NULL THEN %[1]s
			WHEN typeof(%[1]s) = 'text' THEN CAST(substr(CAST(%[1]s AS BLOB), 1, %[2]d + 1) AS TEXT)
			ELSE substr(%[1]s, 1, %[2]d + 1) END`, column, registry.MaxText)
	}
	return strings.Join(list, ", ")
}

// The conditions under which a record can be decoded. Another program may store any
// number of records that cannot. They must hide none of the others behind a LIMIT.
var (
	isSoundInstance = fmt.Sprintf("(%s AND %s AND %s AND %s)", isIdentity("id"),
		isBetween("beat", 0, math.MaxInt64), isDate("heartbeat"), isBetween("schema", 1, registry.Schema))
	isSoundTerm = fmt.Sprintf("(%s AND %s AND %s AND (endedAt IS NULL OR %s) AND %s)", isBetween("number", 1, registry.MaxTerm),
		isIdentity("holder"), isDate("startedAt"), isDate("endedAt"), isBetween("schema", 1, registry.Schema))
)

func isBetween(column string, least, most int64) string {
	return fmt.Sprintf("typeof(%[1]s) = 'integer' AND %[1]s BETWEEN %d AND %d", column, least, most)
}

func isDate(column string) string { return isBetween(column, 1, latestDate-1) }

func isIdentity(column string) string {
	digits := strings.ReplaceAll(uuid.Nil.String(), "0", "[0-9a-f]")
	return fmt.Sprintf("typeof(%[1]s) = 'text' AND octet_length(%[1]s) = 36 AND %[1]s GLOB '%[2]s' AND %[1]s <> '%[3]s'", column, digits, uuid.Nil)
}
