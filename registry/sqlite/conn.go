package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
)

// conn is one connection and the statements prepared on it. It is used by one
// goroutine at a time. No context reaches SQLite: a statement that was
// interrupted half-way would leave a transaction to be cleaned up.
type conn struct {
	db         *sql.DB // of this connection alone, so that closing it is closing that
	sql        *sql.Conn
	statements map[string]*sql.Stmt
	durable    bool
	silence    bool   // terms have this column
	committed  func() // called after the commit of the transaction
	rehearsing bool   // in a transaction that somebody else ends, for a check
}

// location is what the driver opens.
func location(path, query string) string {
	name := filepath.ToSlash(path)
	if !strings.HasPrefix(name, "/") {
		name = "/" + name // C:/…
	}
	return (&url.URL{Scheme: "file", Path: name, RawQuery: query}).String()
}

func newConn(ctx context.Context, uri string) (*conn, error) {
	db, err := sql.Open("sqlite", uri)
	if err != nil {
		return nil, err
	}
	c, err := db.Conn(context.WithoutCancel(ctx))
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	conn := &conn{db: db, sql: c, statements: map[string]*sql.Stmt{}}
	for _, pragma := range []string{
		"busy_timeout = 0",     // patiently waits instead
		"synchronous = NORMAL", // see synchronous
		"fullfsync = ON",       // on macOS, fsync alone does not reach the disk
		"checkpoint_fullfsync = ON",
		"cache_size = -256", // KiB; what is read over and over is a few pages
		"mmap_size = 0",
		"temp_store = MEMORY",
		"trusted_schema = OFF",
		"cell_size_check = ON",
	} {
		if err := conn.exec("PRAGMA " + pragma); err != nil {
			return nil, errors.Join(err, conn.close())
		}
	}
	return conn, nil
}

func (c *conn) close() error {
	if c == nil {
		return nil
	}
	for _, s := range c.statements {
		_ = s.Close()
	}
	return errors.Join(c.sql.Close(), c.db.Close())
}

// synchronous decides whether a commit waits for the disk. It is all one log:
// a commit that waits makes those before it durable as well.
func (c *conn) synchronous(durable bool) error {
	if c.durable == durable || c.rehearsing {
		return nil
	}
	pragma := "PRAGMA synchronous = NORMAL"
	if durable {
		pragma = "PRAGMA synchronous = FULL"
	}
	err := c.exec(pragma)
	c.durable = durable && err == nil
	return err
}

// exec runs SQL without arguments, several statements of it too.
func (c *conn) exec(text string) error {
	_, err := c.sql.ExecContext(context.Background(), text)
	return err
}

// begin begins a transaction.
func (c *conn) begin(how string) error {
	if c.rehearsing {
		return nil
	}
	return c.exec(how)
}

// finish ends a transaction: with COMMIT if err is nil, else with ROLLBACK. It
// returns err or that of the commit.
func (c *conn) finish(err error) error {
	committed := c.committed
	c.committed = nil
	if c.rehearsing {
		return err
	}
	if err == nil {
		_, err = c.change("COMMIT")
	}
	if err != nil {
		_ = c.exec("ROLLBACK") // or SQLite did it already
	} else if committed != nil {
		committed()
	}
	return err
}

// change runs one statement and returns how many records it changed.
func (c *conn) change(text string, args ...any) (int64, error) {
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

// each calls f for every row of a query.
func (c *conn) each(f func(scan func(dest ...any) error) error, text string, args ...any) error {
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

// scan reads the one value of the one row of a query.
func (c *conn) scan(text string, dest any) error {
	return c.sql.QueryRowContext(context.Background(), text).Scan(dest)
}

// statement prepares each text once: there is a dozen of them.
func (c *conn) statement(text string) (*sql.Stmt, error) {
	if s := c.statements[text]; s != nil {
		return s, nil
	}
	s, err := c.sql.PrepareContext(context.Background(), text)
	if err == nil {
		c.statements[text] = s
	}
	return s, err
}
