package sqlitefile

import "fmt"

// Schema is what a program keeps in its files.
type Schema struct {
	// ApplicationID stands in the header of the program's files, and tells them from
	// those of other programs.
	ApplicationID int64
	// Version is that of the files that this program makes, and the newest that it
	// reads.
	Version int
	// Create is the SQL that makes the tables in an empty file. It ends with a
	// semicolon.
	Create string
	// Upgrade adds what an older version of the program did not make, in the
	// transaction in which the file is opened to [Create]. The older version goes on
	// with the file, beside this one.
	Upgrade func(c *Conn) error
	// Notices is the suffix of the small file beside the database, which wakes the
	// watches and is locked while the database is opened. All versions of the program
	// must use the same.
	Notices string
}

// isEmpty tells a new file from one of this program. ErrForeign: the file is
// another program's. ErrNewer: it is one of a newer version.
func (s Schema) isEmpty(c *Conn) (bool, error) {
	var version, application, tables int64
	for text, dest := range map[string]*int64{
		"PRAGMA user_version":                &version,
		"PRAGMA application_id":              &application,
		"SELECT count(*) FROM sqlite_schema": &tables,
	} {
		if err := c.Scan(text, dest); err != nil {
			return false, err
		}
	}
	switch {
	case application == 0 && version == 0 && tables == 0:
		return true, nil
	case application != s.ApplicationID || version < 1:
		return false, fmt.Errorf("%w: it is a database of another program: name another file", ErrForeign)
	case version > int64(s.Version):
		return false, fmt.Errorf("%w: the file has schema %d, this program knows up to %d: upgrade it", ErrNewer, version, s.Version)
	}
	return false, nil
}

// prepare creates the tables in an empty file, and refuses one that is not this
// program's or cannot be written, before anything is changed.
func (s Schema) prepare(c *Conn, upgrade bool) error {
	if _, err := s.isEmpty(c); err != nil {
		return err
	}
	if err := c.mayWrite(); err != nil {
		return err
	}
	var mode string
	if err := c.Scan("PRAGMA journal_mode = WAL", &mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("sqlite: the file system offers no write-ahead log (journal mode %s): use another", mode)
	}
	if err := c.synchronous(Durable); err != nil {
		return err
	}
	if err := c.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	empty, err := s.isEmpty(c)
	if err == nil && empty {
		err = c.Exec(s.Create + fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", s.ApplicationID, s.Version))
	}
	if err == nil && upgrade {
		err = s.Upgrade(c)
	}
	if err := c.finish(err); err != nil || !empty {
		return err
	}
	return c.Exec("PRAGMA wal_checkpoint(PASSIVE)") // from now on, the file has its room on the disk
}
