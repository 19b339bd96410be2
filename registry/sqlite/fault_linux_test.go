package sqlite

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/registry"
)

// fault is another process, whose index is truncated in the middle of a call.
func fault(path string) error {
	r, err := Open(context.Background(), path, Options{})
	if err != nil {
		return err
	}
	for range 50 {
		go func() { select {} }()
	}
	during := func(f func(c *conn) error) func(c *conn) (int, error) {
		return func(c *conn) (int, error) {
			if err := os.Truncate(path+"-shm", 0); err != nil {
				return 0, err
			}
			return 0, f(c)
		}
	}
	if os.Getenv("UNDERSTUDY_TEST_FAULT") == "a read" {
		_, err = reading(context.Background(), r, during(func(c *conn) error { _, err := c.latest("g"); return err }))
		return err
	}
	_, err = writing(context.Background(), r, ofInstances, during(func(c *conn) error { _, err := c.change(`DELETE FROM instances`); return err }))
	return err
}

func TestFaultEndsTheProcessWithASentence(t *testing.T) {
	for _, during := range []string{"a read", "a write"} {
		t.Run(during, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "registry.db")
			r := open(t, path)
			in := join(t, r, "g")
			out, err := helper(t, "fault", path, "UNDERSTUDY_TEST_FAULT="+during).CombinedOutput()
			if err == nil || !strings.Contains(string(out), path+"-shm was truncated while it was in use") {
				t.Errorf("it ended with %v and said %s", err, out)
			}
			if n := strings.Count(string(out), "\ngoroutine "); n > 1 {
				t.Errorf("it printed %d goroutines", n)
			}
			if got, err := r.Beat(t.Context(), in.ID, registry.Status{}); err != nil {
				t.Errorf("then Beat of another process: %v, %v", got, err)
			}
			if list, _, err := r.Instances(t.Context(), "g"); err != nil || len(list) != 1 {
				t.Errorf("then Instances: %v, %v; want the one that is there", list, err)
			}
		})
	}
}
