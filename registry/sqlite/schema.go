package sqlite

import (
	"strings"

	"github.com/understudy-go/understudy/internal/sqlitefile"
	"github.com/understudy-go/understudy/registry"
)

// schema is what this program keeps in its files. The suffix of the notice file must
// stay, because older versions lock the same file.
var schema = sqlitefile.Schema{
	ApplicationID: 0x55535459,
	Version:       registry.Schema,
	Create:        tables,
	Upgrade:       addSilence,
	Notices:       "-terms",
}

// tables declares columns without types, so that SQLite converts nothing: what is
// read is what was stored, even if it is garbage. Times and durations are in
// microseconds, UUIDs are text. Within a group, text and blobs sort after all
// numbers, so a term whose number is garbage is the latest one and is never skipped.
const tables = `
CREATE TABLE instances (
	id, "group", host, pid, version, startedAt, beat, heartbeat, role, term, candidate,
	interval, orphanAfter, priority, command, schema,
	PRIMARY KEY (id)
) WITHOUT ROWID;
CREATE INDEX seniority ON instances ("group", priority DESC, id);
CREATE TABLE terms (
	"group", number, holder, host, orphanAfter, startedAt, endedAt, reason, exitCode,
	handoverTo, handoverAt, schema, silence,
	PRIMARY KEY ("group", number)
) WITHOUT ROWID;
`

var (
	termValues    = bounded(termColumns)
	oldTermValues = strings.Replace(termValues, bounded("silence"), "NULL", 1)
)

// termValues returns what to select of terms. A file that was made before there was
// the column silence gets it when an instance opens it. Those that only read may come
// before that.
func (c *conn) termValues() (string, error) {
	if c.r.silence.Load() == c.Generation() {
		return termValues, nil
	}
	found, err := hasSilence(c.Conn)
	if err != nil || !found {
		return oldTermValues, err
	}
	c.r.silence.Store(c.Generation())
	return termValues, nil
}

// hasSilence reports whether terms have the column silence.
func hasSilence(c *sqlitefile.Conn) (found bool, err error) {
	err = c.Scan(`SELECT count(*) FROM pragma_table_info('terms') WHERE name = 'silence'`, &found)
	return found, err
}

// addSilence adds the column silence to a file of an older version.
func addSilence(c *sqlitefile.Conn) error {
	found, err := hasSilence(c)
	if err != nil || found {
		return err
	}
	return c.Exec(`ALTER TABLE terms ADD COLUMN silence`)
}
