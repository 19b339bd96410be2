package sqlitefile

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/internal/testkit"
)

// truncateDuring is another process, whose WAL index is truncated in the middle of a call.
func truncateDuring(path, call string) error {
	f, err := Open(context.Background(), path, Options{Schema: testSchema})
	if err != nil {
		return err
	}
	for range 50 {
		go func() { select {} }()
	}
	during := func(fn func(c *Conn) error) func(c *Conn) (int, error) {
		return func(c *Conn) (int, error) {
			if err := os.Truncate(path+"-shm", 0); err != nil {
				return 0, err
			}
			return 0, fn(c)
		}
	}
	if call == "a read" {
		_, err = Read(context.Background(), f, during(func(c *Conn) error { _, err := number(c, "x"); return err }))
		return err
	}
	_, err = Commit(context.Background(), f, Relaxed, during(func(c *Conn) error { _, err := c.Change(`DELETE FROM numbers`); return err }))
	return err
}

func TestFile_TruncatedWALIndexInACallEndsTheProcessWithASentence(t *testing.T) {
	for _, during := range []string{"a read", "a write"} {
		t.Run(during, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "shared.db")
			f := open(t, path)
			set(t, f, 7)
			out, err := testkit.Self(t, "fault in "+during, path).CombinedOutput()
			if err == nil || !strings.Contains(string(out), path+"-shm was truncated while it was in use") {
				t.Errorf("it ended with %v and said %s", err, out)
			}
			if n := strings.Count(string(out), "\ngoroutine "); n > 1 {
				t.Errorf("it printed %d goroutines", n)
			}
			if err := store(t.Context(), f, Relaxed, "y", 1); err != nil {
				t.Errorf("then Commit of another process: %v", err)
			}
			want(t, f, 7)
		})
	}
}
