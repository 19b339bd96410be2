package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver

	"github.com/understudy-go/understudy/registry"
)

// file is the database, open: the file that was at the path at that time.
type file struct {
	info           os.FileInfo
	db             *sql.DB
	writer, reader *conn
	gone           chan struct{} // closed with it
}

// isAt reports whether the file is still the one at the path.
func (f *file) isAt(path string) bool {
	if f == nil {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && os.SameFile(info, f.info)
}

func (f *file) close() error {
	if f == nil {
		return nil
	}
	close(f.gone)
	return errors.Join(f.reader.close(), f.writer.close(), f.db.Close())
}

// openFile opens the file at the path, creating it if there is none. No other
// process of ours opens or creates it at the same time.
func (r *Registry) openFile(ctx context.Context) (*file, error) {
	dir := filepath.Dir(r.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("sqlite: %s: its directory is missing and cannot be made: %w", r.path, err)
	}
	if err := refuseNetwork(r.path); err != nil {
		return nil, err
	}
	if info, err := os.Stat(r.path); err == nil {
		const smallest = 512 // a page; SQLite would take less for nothing and write over it
		switch {
		case !info.Mode().IsRegular():
			return nil, fmt.Errorf("sqlite: %s is no file (%v): name one that is, or that is not there yet", r.path, info.Mode().Type())
		case info.Size() > 0 && info.Size() < smallest:
			return nil, fmt.Errorf("%w: it is no SQLite database: name another file", registry.ErrCorrupt)
		}
	}
	var f *file
	err := patiently(ctx, func() (err error) {
		unlock, err := r.lockOpening(ctx)
		if err != nil && err == ctx.Err() {
			return fmt.Errorf("sqlite: %s: another process is opening it: %w", r.path, err)
		}
		if err != nil {
			return fmt.Errorf("sqlite: %s: the files beside it cannot be written: %w: give this user the right to write its directory, or name another", r.path, err)
		}
		defer unlock()
		defer r.guard()() // a process that is frozen here locks everyone out as well
		if err := create(r.path); err != nil {
			return fmt.Errorf("sqlite: %s cannot be created: %w: give this user the right to write its directory, or name another", r.path, err)
		}
		f, err = connect(ctx, r.path)
		return err
	})
	return f, err
}

// create makes an empty file, unless there is one. What SQLite left beside the
// file that was there before is not for the new one: others may have it open.
func create(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	// One that this process holds locks on is never opened here: O_EXCL.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// connect opens the connections of a file and sees to its schema.
func connect(ctx context.Context, path string) (*file, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	name := filepath.ToSlash(path)
	if !strings.HasPrefix(name, "/") {
		name = "/" + name // C:/…
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: name}).String())
	if err != nil {
		return nil, err
	}
	f := &file{info: info, db: db, gone: make(chan struct{})}
	err = func() error {
		if f.writer, err = newConn(ctx, db); err != nil {
			return err
		}
		if err := f.writer.prepareSchema(); err != nil {
			return err
		}
		if f.reader, err = newConn(ctx, db); err != nil {
			return err
		}
		return f.reader.exec("PRAGMA query_only = ON")
	}()
	if err == nil && !f.isAt(path) {
		err = errReplaced
	}
	if err != nil {
		_ = f.close()
		return nil, err
	}
	return f, nil
}

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
	handoverTo, handoverAt, schema,
	PRIMARY KEY ("group", number)
) WITHOUT ROWID;
`

// prepareSchema creates the tables in an empty file and refuses one that is not
// for this program or that cannot be written, before anything is changed.
func (c *conn) prepareSchema() error {
	if _, err := c.isEmpty(); err != nil {
		return err
	}
	// SQLite opens what cannot be written for reading, and lets BEGIN IMMEDIATE pass.
	err := c.sql.Raw(func(driver any) error {
		readOnly, err := driver.(interface{ IsReadOnly(string) (bool, error) }).IsReadOnly("main")
		if err == nil && readOnly {
			err = errReadOnly
		}
		return err
	})
	if err != nil {
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
	return c.finish(err)
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
