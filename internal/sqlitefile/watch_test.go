package sqlitefile

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// stateOf returns the state of the number that is stored under a name.
func stateOf(name string) StateFunc {
	return func(c *Conn) (string, error) {
		n, err := number(c, name)
		return strconv.FormatInt(n, 10), err
	}
}

func await(t *testing.T, ch <-chan struct{}, what string) {
	t.Helper()
	select {
	case _, ok := <-ch:
		if !ok {
			t.Fatalf("%s: the watch broke", what)
		}
	case <-time.After(deadline):
		t.Fatalf("%s: no notice", what)
	}
}

func TestWatch_SurvivesTheEndOfItsFile(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(notice string) error
	}{
		{"removed", os.Remove},
		{"moved away", func(notice string) error { return os.Rename(notice, notice+".old") }},
		{"replaced", func(notice string) error {
			return errors.Join(os.WriteFile(notice+".new", nil, 0o600), os.Rename(notice+".new", notice))
		}},
		{"truncated", func(notice string) error { return os.Truncate(notice, 0) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := open(t, filepath.Join(t.TempDir(), "shared.db"))
			ch, err := f.Watch(t.Context(), "x", stateOf("x"))
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.make(f.NoticePath()); err != nil {
				if os.PathSeparator == '\\' {
					t.Skipf("Windows holds on to it: %v", err)
				}
				t.Fatal(err)
			}
			await(t, ch, tt.name) // superfluous, but a notice may have been lost
			// The replacement may be noticed in several steps, each with a notice.
			for n := int64(1); n <= 3; n++ {
				set(t, f, n)
				for seen := int64(0); seen < n; {
					await(t, ch, "a change after that")
					got, err := load(t.Context(), f, "x")
					if err != nil {
						t.Fatal(err)
					}
					seen = got
				}
			}
		})
	}
}

// A watcher that does not receive keeps no notice from the others.
func TestNotices_WatcherThatDoesNotReceiveHoldsUpNobody(t *testing.T) {
	n := newNotices()
	asleep := n.add(t.Context(), "x", stateOf("x"))
	var awake []<-chan struct{}
	for range 20 {
		awake = append(awake, n.add(t.Context(), "x", stateOf("x")))
	}
	for range 3 {
		n.send(n.of(func(string) bool { return true }), nil)
		for _, ch := range awake {
			select {
			case <-ch:
			default:
				t.Fatal("one had no notice")
			}
		}
	}
	n.end()
	for _, ch := range append(awake, asleep) {
		for range ch {
		}
	}
	if ch := n.add(t.Context(), "x", stateOf("x")); ch != nil {
		t.Error("one was added after the end")
	}
}

func TestWatch_EndsWithItsDatabase(t *testing.T) {
	if os.PathSeparator == '\\' {
		t.Skip("Windows does not let go of a file that is open")
	}
	dir := filepath.Join(t.TempDir(), "sub")
	path := filepath.Join(dir, "shared.db")
	f := open(t, path)
	ch, err := f.Watch(t.Context(), "x", stateOf("x"))
	if err != nil {
		t.Fatal(err)
	}
	// The file for notices is still there, and will never change again.
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	set(t, f, 1)
	timeout := time.After(deadline)
	for closed := false; !closed; {
		select {
		case _, ok := <-ch:
			closed = !ok
		case <-timeout:
			t.Fatal("it is still open")
		}
	}
	if ch, err = f.Watch(t.Context(), "x", stateOf("x")); err != nil {
		t.Fatal(err)
	}
	set(t, open(t, path), 2)
	await(t, ch, "a change in the new database")
}

func TestWatch_WorksForReaders(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shared.db")
	owner := open(t, path)
	f := openWith(t, path, Options{Access: ReadOnly})
	changes, err := f.Watch(t.Context(), "x", stateOf("x"))
	if errors.Is(err, ErrNoWatch) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	set(t, owner, 1)
	select {
	case <-changes:
	case <-time.After(deadline):
		t.Error("no notice of a change")
	}
}
