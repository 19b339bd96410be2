package sqlite

import (
	"fmt"
	"strings"

	"github.com/understudy-go/understudy/registry"
)

// applicationID tells our files from those of other programs.
const applicationID = 0x55535459

// Columns are declared without types, so that SQLite converts nothing: what
// is read is what was stored, garbage included. Times and durations are in
// microseconds, UUIDs are text. Within a group, text and blobs sort after all
// numbers, so a term whose number is garbage is the latest and never skipped.
const schema = `
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

// termValues is what to select of terms. Files that were made before there was
// the column silence get it when an instance opens them; those who only look may
// come before that.
func (c *conn) termValues() (string, error) {
	if err := c.lookForSilence(); err != nil || !c.silence {
		return oldTermValues, err
	}
	return termValues, nil
}

// lookForSilence sees whether the terms have the column silence, once they do.
func (c *conn) lookForSilence() error {
	if c.silence {
		return nil
	}
	return c.scan(`SELECT count(*) FROM pragma_table_info('terms') WHERE name = 'silence'`, &c.silence)
}

// prepareSchema creates the tables in an empty file and refuses one that is not
// for this program or that cannot be written, before anything is changed. To join,
// it adds what an older version did not have: that version goes on beside.
func (c *conn) prepareSchema(join bool) error {
	if _, err := c.isEmpty(); err != nil {
		return err
	}
	if err := c.mayWrite(); err != nil {
		return err
	}
	var mode string
	if err := c.scan("PRAGMA journal_mode = WAL", &mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("sqlite: the file system offers no write-ahead log (journal mode %s): use another", mode)
	}
	if err := c.synchronous(true); err != nil {
		return err
	}
	if err := c.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	empty, err := c.isEmpty()
	if err == nil && empty {
		err = c.exec(schema + fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, registry.Schema))
	}
	if err == nil && join {
		if err = c.lookForSilence(); err == nil && !c.silence {
			err = c.exec(`ALTER TABLE terms ADD COLUMN silence`)
		}
	}
	if err := c.finish(err); err != nil || !empty {
		return err
	}
	return c.exec("PRAGMA wal_checkpoint(PASSIVE)") // the file has its room from now on
}

// mayWrite returns errReadOnly for a file that cannot be written: SQLite opens
// it for reading then, and lets BEGIN IMMEDIATE pass.
func (c *conn) mayWrite() error {
	return c.sql.Raw(func(driver any) error {
		readOnly, err := driver.(interface{ IsReadOnly(string) (bool, error) }).IsReadOnly("main")
		if err == nil && readOnly {
			err = errReadOnly
		}
		return err
	})
}

// isEmpty tells a new file from one of ours. ErrCorrupt: it is another
// program's. ErrSchema: it is of a newer version.
func (c *conn) isEmpty() (bool, error) {
	var version, application, tables int64
	for text, dest := range map[string]*int64{
		"PRAGMA user_version":                &version,
		"PRAGMA application_id":              &application,
		"SELECT count(*) FROM sqlite_schema": &tables,
	} {
		if err := c.scan(text, dest); err != nil {
			return false, err
		}
	}
	switch {
	case application == 0 && version == 0 && tables == 0:
		return true, nil
	case application != applicationID || version < 1:
		return false, fmt.Errorf("%w: it is a database of another program: name another file", registry.ErrCorrupt)
	case version > registry.Schema:
		return false, fmt.Errorf("%w: the file has schema %d, this program knows up to %d: upgrade it", registry.ErrSchema, version, registry.Schema)
	}
	return false, nil
}
