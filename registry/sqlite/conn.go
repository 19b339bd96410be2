package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/understudy-go/understudy/internal/sqlitefile"
	"github.com/understudy-go/understudy/registry"
)

// conn is a connection within a transaction, with the queries of this package.
type conn struct {
	*sqlitefile.Conn
	r *Registry
}

// What a write is about decides how durable it is. A fencing token must survive a
// power cut, and peers wait for changes of terms. A heartbeat need not: those that
// would have read it are gone with the power, too.
const (
	ofInstances = sqlitefile.Relaxed
	ofTerms     = sqlitefile.Durable
)

// reading runs f in a read transaction and returns what it returns. The rules for f are
// those of [sqlitefile.Read].
func reading[T any](ctx context.Context, r *Registry, f func(c *conn) (T, error)) (T, error) {
	result, err := sqlitefile.Read(ctx, r.file, func(c *sqlitefile.Conn) (T, error) { return f(&conn{c, r}) })
	return result, r.explain(err)
}

// writing runs f in a write transaction, which is committed if f returns no error. It
// returns what f returns. The rules for f are those of [sqlitefile.Read].
func writing[T any](ctx context.Context, r *Registry, d sqlitefile.Durability, f func(c *conn) (T, error)) (T, error) {
	result, err := sqlitefile.Commit(ctx, r.file, d, func(c *sqlitefile.Conn) (T, error) {
		conn := &conn{c, r}
		result, err := f(conn)
		return result, conn.refusal(err)
	})
	return result, r.explain(err)
}

// explain returns the error of the contract, and adds the path to an error about a
// record.
func (r *Registry) explain(err error) error {
	if errors.Is(err, registry.ErrCorrupt) || errors.Is(err, registry.ErrSchema) {
		return fmt.Errorf("sqlite: %s: %w", r.file.Path(), err)
	}
	return contractError(err)
}
