package sqlitefile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestCommit_DurableAndQuietOnesAreSynced(t *testing.T) {
	f := open(t, filepath.Join(t.TempDir(), "shared.db"))
	const normal, full = 1, 2
	for _, tt := range []struct {
		d    Durability
		want int64
	}{{Relaxed, normal}, {Durable, full}, {Quiet, full}, {Relaxed, normal}, {Quiet, full}, {Durable, full}, {Relaxed, normal}} {
		got, err := Commit(t.Context(), f, tt.d, func(c *Conn) (got int64, err error) {
			err = c.Scan("PRAGMA synchronous", &got)
			return got, err
		})
		if err != nil || got != tt.want {
			t.Errorf("synchronous is %d, %v; want %d", got, err, tt.want)
		}
	}
}

// The file for notices is the only one that is watched.
func TestCommit_OnlyDurableOnesAreAnnounced(t *testing.T) {
	f := open(t, filepath.Join(t.TempDir(), "shared.db"))
	for d, want := range map[Durability]bool{Relaxed: false, Quiet: false, Durable: true} {
		long := time.Now().Add(-time.Hour)
		if err := os.Chtimes(f.NoticePath(), long, long); err != nil {
			t.Fatal(err)
		}
		if err := store(t.Context(), f, d, "x", 1); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(f.NoticePath())
		if err != nil {
			t.Fatal(err)
		}
		if got := time.Since(info.ModTime()) < time.Hour/2; got != want {
			t.Errorf("durability %d: announced %v, want %v", d, got, want)
		}
	}
}

// What a call reads is of one instant, whatever is written between its reads.
func TestRead_SeesOneInstant(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shared.db")
	f, other := open(t, path), open(t, path)
	set(t, other, 1)
	_, err := Read(t.Context(), f, func(c *Conn) (none struct{}, err error) {
		for n := int64(2); n <= 3; n++ {
			got, err := number(c, "x")
			if err != nil || got != 1 {
				t.Errorf("x is %d, %v; want 1 all along", got, err)
			}
			set(t, other, n)
		}
		return none, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A call that its caller has left changes nothing any more and gives its turn back.
func TestCommit_LeftBehindChangesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shared.db")
	f, other := open(t, path), open(t, path)
	set(t, f, 1)
	ctx, cancel := context.WithCancel(t.Context())
	entered, leave := make(chan struct{}), make(chan struct{})
	go func() {
		<-entered
		cancel()
	}()
	_, err := Commit(ctx, f, Relaxed, func(c *Conn) (int64, error) {
		close(entered)
		<-leave // a disk that hangs
		return c.Change(`DELETE FROM numbers`)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	close(leave)
	for i, f := range []*File{f, other} {
		if err := store(t.Context(), f, Relaxed, "y", int64(i)); err != nil {
			t.Errorf("then Commit: %v", err)
		}
		want(t, f, 1)
	}
}
