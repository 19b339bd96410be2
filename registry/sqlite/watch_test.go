package sqlite

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/sqlitefile"
	"github.com/understudy-go/understudy/registry"
)

func await(t *testing.T, ch <-chan registry.Notice, what string) {
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

// The watch is shared, the notices are not. Otherwise each group of a program would be
// read whenever any of them changes.
func TestWatch_NoticesAreForTheGroupThatChanged(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "registry.db"))
	in, other := join(t, r, "g"), join(t, r, "other")
	mine, err := r.Watch(t.Context(), "g")
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := r.Watch(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	beginTerm(t, r, 1, in)
	await(t, mine, "a term")
	await(t, theirs, "the first change of any group, for no state was known before")
	for n := int64(2); n <= 10; n++ {
		beginTerm(t, r, n, in)
		await(t, mine, "a term")
		if err := r.EndTerm(t.Context(), "g", n-1, in.ID, registry.End{Reason: registry.Orphaned}); err != nil {
			t.Fatal(err)
		}
		await(t, mine, "the end of the previous term")
		for range 2 {
			if err := r.RequestHandover(t.Context(), "g", n, uuid.Nil); err != nil {
				t.Fatal(err)
			}
			await(t, mine, "a request")
		}
	}
	select {
	case <-theirs:
		t.Error("a notice for a group that did not change")
	default:
	}
	beginTerm(t, r, 1, other)
	await(t, theirs, "a term of the other")
}

// The file for notices is the only one that is watched.
func TestWatch_HeartbeatsWakeNobody(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "registry.db"))
	in := join(t, r, "g")
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(r.file.NoticePath(), long, long); err != nil {
		t.Fatal(err)
	}
	touched := func() bool {
		info, err := os.Stat(r.file.NoticePath())
		if err != nil {
			t.Fatal(err)
		}
		return time.Since(info.ModTime()) < time.Hour/2
	}
	if _, err := r.Beat(t.Context(), in.ID, in.Status); err != nil {
		t.Fatal(err)
	}
	other := join(t, r, "g")
	if _, err := r.DeleteOrphan(t.Context(), in.ID, 1); err != nil {
		t.Fatal(err)
	}
	if err := r.Unregister(t.Context(), other.ID); err != nil {
		t.Fatal(err)
	}
	if touched() {
		t.Error("a change of instances was announced")
	}
	beginTerm(t, r, 1, other)
	if !touched() {
		t.Error("a change of terms was not")
	}
}

// A term must survive a power cut. A beat need not wait for the disk.
func TestWriting_TermsAreSyncedAndHeartbeatsAreNot(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "registry.db"))
	const normal, full = 1, 2
	for _, tt := range []struct {
		what sqlitefile.Durability
		want int64
	}{{ofInstances, normal}, {ofTerms, full}, {ofTerms, full}, {ofInstances, normal}} {
		got, err := writing(t.Context(), r, tt.what, func(c *conn) (got int64, err error) {
			err = c.Scan("PRAGMA synchronous", &got)
			return got, err
		})
		if err != nil || got != tt.want {
			t.Errorf("synchronous is %d, %v; want %d", got, err, tt.want)
		}
	}
}
