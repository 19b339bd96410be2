package sqlitefile

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

const deadline = 30 * time.Second

// testSchema is that of a file with named numbers.
var testSchema = Schema{
	ApplicationID: 0x54455354,
	Version:       1,
	Create:        `CREATE TABLE numbers (name, n, PRIMARY KEY (name)) WITHOUT ROWID;`,
	Upgrade:       func(*Conn) error { return nil },
	Notices:       "-notices",
}

func open(t testing.TB, path string) *File {
	t.Helper()
	return openWith(t, path, Options{MakeDirectory: true})
}

func openWith(t testing.TB, path string, o Options) *File {
	t.Helper()
	o.Schema, o.KillAfter = testSchema, time.Hour // no stalled disk ends the tests
	f, err := Open(t.Context(), path, o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := f.Close(context.Background()); err != nil && !errors.Is(err, ErrClosed) {
			t.Errorf("Close: %v", err)
		}
	})
	return f
}

func closeFile(t testing.TB, f *File) {
	t.Helper()
	if err := f.Close(context.Background()); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

// store stores a number under a name.
func store(ctx context.Context, f *File, d Durability, name string, n int64) error {
	_, err := Commit(ctx, f, d, func(c *Conn) (int64, error) {
		return c.Change(`INSERT INTO numbers VALUES (?, ?) ON CONFLICT DO UPDATE SET n = excluded.n`, name, n)
	})
	return err
}

// load returns the number that is stored under a name, and 0 if there is none.
func load(ctx context.Context, f *File, name string) (int64, error) {
	return Read(ctx, f, func(c *Conn) (int64, error) { return number(c, name) })
}

func number(c *Conn, name string) (n int64, err error) {
	err = c.Each(func(scan func(dest ...any) error) error { return scan(&n) }, `SELECT n FROM numbers WHERE name = ?`, name)
	return n, err
}

// set stores a number under the name x, durably.
func set(t testing.TB, f *File, n int64) {
	t.Helper()
	if err := store(t.Context(), f, Durable, "x", n); err != nil {
		t.Fatalf("storing %d: %v", n, err)
	}
}

// want checks which number is stored under the name x.
func want(t testing.TB, f *File, n int64) {
	t.Helper()
	if got, err := load(t.Context(), f, "x"); err != nil || got != n {
		t.Errorf("x is %d, %v; want %d", got, err, n)
	}
}

// takeWriteLock takes the lock for writing as another program does, until release.
func takeWriteLock(t testing.TB, path string) (release func()) {
	t.Helper()
	c, err := newConn(t.Context(), location(path, "mode=rw"))
	if err == nil {
		err = c.Exec("BEGIN IMMEDIATE")
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := errors.Join(c.Exec("ROLLBACK"), c.close()); err != nil {
			t.Fatal(err)
		}
	}
}

func content(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
