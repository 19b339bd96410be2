package sqlitefile

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

// Conn is one connection and the statements that were prepared on it. It is used
// within a transaction, by one goroutine at a time. No context reaches SQLite: a
// statement that was interrupted half-way would leave a transaction to be cleaned
// up.
type Conn struct {
	db         *sql.DB // has this connection alone
	sql        *sql.Conn
	statements map[string]*sql.Stmt
	synced     bool // commits wait for the disk
	generation int64
	committed  func()   // called after the commit of the transaction
	topics     []string // what a durable commit of the transaction announces; none: everything
	inTrial    bool     // in a transaction that Trial ends
}

// location returns the URI that the driver opens.
func location(path, query string) string {
	name := filepath.ToSlash(path)
	if !strings.HasPrefix(name, "/") {
		name = "/" + name // C:/…
	}
	return (&url.URL{Scheme: "file", Path: name, RawQuery: query}).String()
}

// newConn opens a connection. Like a statement, it does not end with ctx.
func newConn(ctx context.Context, uri string) (*Conn, error) {
	db, err := sql.Open("sqlite", uri)
	if err != nil {
		return nil, err
	}
	c, err := db.Conn(context.WithoutCancel(ctx))
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	conn := &Conn{db: db, sql: c, statements: map[string]*sql.Stmt{}}
	for _, pragma := range []string{
		"busy_timeout = 0",     // see patiently
		"synchronous = NORMAL", // see synchronous
		"fullfsync = ON",       // on macOS, fsync alone does not reach the disk
		"checkpoint_fullfsync = ON",
		"cache_size = -256", // in KiB: few pages are read again and again
		"mmap_size = 0",
		"temp_store = MEMORY",
		"trusted_schema = OFF",
		"cell_size_check = ON",
	} {
		if err := conn.Exec("PRAGMA " + pragma); err != nil {
			return nil, errors.Join(err, conn.close())
		}
	}
	return conn, nil
}

func (c *Conn) close() error {
	if c == nil {
		return nil
	}
	for _, s := range c.statements {
		_ = s.Close()
	}
	return errors.Join(c.sql.Close(), c.db.Close())
}

// synchronous decides whether a commit waits for the disk. All commits are in one
// WAL: a commit that waits makes those before it durable as well.
func (c *Conn) synchronous(d Durability) error {
	synced := d != Relaxed
	if c.synced == synced || c.inTrial {
		return nil
	}
	pragma := "PRAGMA synchronous = NORMAL"
	if synced {
		pragma = "PRAGMA synchronous = FULL"
	}
	err := c.Exec(pragma)
	c.synced = err == nil && synced
	return err
}

// mayWrite returns errUnwritable for a file that cannot be written. SQLite opens
// such a file to read it, and lets BEGIN IMMEDIATE pass.
func (c *Conn) mayWrite() error {
	return c.sql.Raw(func(driver any) error {
		readOnly, err := driver.(interface{ IsReadOnly(string) (bool, error) }).IsReadOnly("main")
		if err == nil && readOnly {
			err = errUnwritable
		}
		return err
	})
}

// Generation counts how many files were opened at the path, one after another. What
// was committed in an earlier generation may be lost.
func (c *Conn) Generation() int64 { return c.generation }

// Announce has a durable commit of this transaction wake the watches of a topic, instead of
// all watches.
func (c *Conn) Announce(topic string) { c.topics = append(c.topics, topic) }

// OnCommit has fn called once the transaction is committed.
func (c *Conn) OnCommit(fn func()) { c.committed = fn }

// Exec runs SQL without arguments. It may be several statements.
func (c *Conn) Exec(text string) error {
	_, err := c.sql.ExecContext(context.Background(), text)
	return err
}

// begin begins a transaction.
func (c *Conn) begin(how string) error {
	if c.inTrial {
		return nil
	}
	return c.Exec(how)
}

// finish ends a transaction: with COMMIT if err is nil, otherwise with ROLLBACK. It
// returns err, or the error of the commit.
func (c *Conn) finish(err error) error {
	committed := c.committed
	c.committed = nil
	if c.inTrial {
		return err
	}
	if err == nil {
		_, err = c.Change("COMMIT")
	}
	if err != nil {
		_ = c.Exec("ROLLBACK") // or SQLite did it already
	} else if committed != nil {
		committed()
	}
	return err
}

// Change runs one statement and returns how many records it changed.
func (c *Conn) Change(text string, args ...any) (int64, error) {
	s, err := c.statement(text)
	if err != nil {
		return 0, err
	}
	result, err := s.Exec(args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Each calls f for every row of a query. An error of f ends the query.
func (c *Conn) Each(f func(scan func(dest ...any) error) error, text string, args ...any) error {
	s, err := c.statement(text)
	if err != nil {
		return err
	}
	rows, err := s.Query(args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Scan reads the one value of the one row of a query.
func (c *Conn) Scan(text string, dest any) error {
	return c.sql.QueryRowContext(context.Background(), text).Scan(dest)
}

// Prepared returns the SQL of all statements that were prepared on the connection,
// for a test that has SQLite explain them.
func (c *Conn) Prepared() []string { return slices.Collect(maps.Keys(c.statements)) }

// statement prepares each text once. A program has a dozen of them.
func (c *Conn) statement(text string) (*sql.Stmt, error) {
	if s := c.statements[text]; s != nil {
		return s, nil
	}
	s, err := c.sql.PrepareContext(context.Background(), text)
	if err == nil {
		c.statements[text] = s
	}
	return s, err
}
