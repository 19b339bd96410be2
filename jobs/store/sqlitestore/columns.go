package sqlitestore

import (
	"fmt"
	"strings"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// column is a column of a table, and how much of it is read. Other programs may store
// values of any size in it.
type column struct {
	name string
	kind kind
	most int // bytes
}

type kind int

const (
	number kind = iota
	words
	bytes
)

// value returns what to select of the column. A value of another kind becomes a short one
// that is wrong as well. Of a text that is too long, only the beginning is read: SQLite
// knows the length without reading the rest.
func (c column) value() string {
	switch c.kind {
	case words:
		return fmt.Sprintf(`CASE WHEN typeof(%[1]s) = 'null' THEN NULL WHEN typeof(%[1]s) <> 'text' THEN 0
			WHEN octet_length(%[1]s) <= %[2]d THEN %[1]s ELSE CAST(substr(CAST(%[1]s AS BLOB), 1, %[2]d + 1) AS TEXT) END`, c.name, c.most)
	case bytes:
		return fmt.Sprintf(`CASE WHEN typeof(%[1]s) = 'null' THEN NULL WHEN typeof(%[1]s) <> 'blob' THEN 0
			WHEN octet_length(%[1]s) <= %[2]d THEN %[1]s ELSE 1 END`, c.name, c.most)
	default:
		return fmt.Sprintf(`CASE WHEN typeof(%[1]s) IN ('integer', 'null') THEN %[1]s ELSE typeof(%[1]s) END`, c.name)
	}
}

// maxAttemptsText bounds the JSON of a run's attempts.
const maxAttemptsText = 64 << 10

var (
	runKey = []column{
		{`"group"`, words, registry.MaxText}, {`job`, words, store.MaxJob}, {`run`, words, store.MaxRunID},
	}
	runColumns = append(runKey,
		column{`"trigger"`, words, store.MaxRemark}, column{`slot`, number, 0}, column{`at`, number, 0}, column{`due`, number, 0},
		column{`priority`, number, 0}, column{`"by"`, words, store.MaxRemark}, column{`payload`, bytes, 32}, column{`parent`, words, store.MaxParent},
		column{`state`, words, store.MaxRemark}, column{`open`, number, 0}, column{`term`, number, 0}, column{`instance`, words, 36},
		column{`attempt`, number, 0}, column{`nonce`, words, 36}, column{`failures`, number, 0}, column{`interruptions`, number, 0},
		column{`retriedBy`, words, store.MaxRemark},
		column{`percent`, number, 0}, column{`progress`, words, store.MaxRemark}, column{`progressAt`, number, 0},
		column{`remark`, words, store.MaxRemark}, column{`endedAt`, number, 0},
		column{`cancelBy`, words, store.MaxRemark}, column{`cancelWhy`, words, store.MaxRemark}, column{`cancelAt`, number, 0},
		column{`schema`, number, 0}, column{`bytes`, number, 0}, column{`attempts`, words, maxAttemptsText})
	runLarge = []column{
		{`result`, bytes, store.MaxResult}, {`head`, bytes, store.MaxHead}, {`tail`, bytes, store.MaxTail},
	}
	jobColumns = []column{
		{`"group"`, words, registry.MaxText}, {`name`, words, store.MaxJob}, {`mark`, number, 0}, {`hash`, words, store.MaxRemark},
		{`since`, number, 0}, {`digest`, words, store.MaxRemark}, {`term`, number, 0}, {`revision`, number, 0}, {`schedule`, words, store.MaxRemark},
		{`zone`, words, store.MaxRemark}, {`description`, words, store.MaxRemark}, {`next`, number, 0}, {`gone`, number, 0},
		{`pausedBy`, words, store.MaxRemark}, {`pausedWhy`, words, store.MaxRemark}, {`pausedAt`, number, 0}, {`resumed`, number, 0}, {`schema`, number, 0},
	}
)

// What to select of runs and jobs, and how to insert them.
var (
	wholeRun  = values(runColumns) + ", " + values(runLarge)
	listedRun = values(runColumns) + ", NULL, NULL, NULL"
	wholeJob  = values(jobColumns)
	insertRun = insert("runs", append(runColumns[:len(runColumns):len(runColumns)], runLarge...))
	insertJob = insert("jobs", jobColumns)
)

func values(columns []column) string {
	var list []string
	for _, c := range columns {
		list = append(list, c.value())
	}
	return strings.Join(list, ", ")
}

func insert(table string, columns []column) string {
	var list []string
	for _, c := range columns {
		list = append(list, c.name)
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ")
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table, strings.Join(list, ", "), marks)
}
