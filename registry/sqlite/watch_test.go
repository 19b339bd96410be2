package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

const deadline = 30 * time.Second

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

func begin(t testing.TB, r *Registry, number int64) registry.Term {
	t.Helper()
	term := registry.Term{Group: "g", Number: number, Holder: uuid.Must(uuid.NewV7())}
	if err := r.BeginTerm(t.Context(), term); err != nil {
		t.Fatal(err)
	}
	return term
}

// The watch is shared, the notices are not: else each group of a program would be
// looked at whenever any of them changes.
func TestNoticesAreForTheGroupThatChanged(t *testing.T) {
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
	await(t, theirs, "the first change of any, since nothing was known before")
	for n := int64(2); n <= 10; n++ {
		beginTerm(t, r, n, in)
		await(t, mine, "a term")
		if err := r.EndTerm(t.Context(), "g", n-1, in.ID, registry.End{Reason: registry.Orphaned}); err != nil {
			t.Fatal(err)
		}
		await(t, mine, "the end of the term before")
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

// All that a watch looks at is the file for notices.
func TestHeartbeatsWakeNobody(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "registry.db"))
	in := join(t, r, "g")
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(r.noticePath(), long, long); err != nil {
		t.Fatal(err)
	}
	touched := func() bool {
		info, err := os.Stat(r.noticePath())
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
	begin(t, r, 1)
	if !touched() {
		t.Error("a change of terms was not")
	}
}

func TestWatchSurvivesItsFile(t *testing.T) {
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
			r := open(t, filepath.Join(t.TempDir(), "registry.db"))
			ch, err := r.Watch(t.Context(), "g")
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.make(r.noticePath()); err != nil {
				if os.PathSeparator == '\\' {
					t.Skipf("Windows holds on to it: %v", err)
				}
				t.Fatal(err)
			}
			await(t, ch, tt.name) // spurious, but a notice may have been lost
			// The replacement may be noticed in several steps, each with a notice.
			for n := int64(1); n <= 3; n++ {
				begin(t, r, n)
				for seen := int64(0); seen < n; {
					await(t, ch, "a term after that")
					v, err := r.View(t.Context(), "g")
					if err != nil {
						t.Fatal(err)
					}
					seen = v.Latest.Number
				}
			}
		})
	}
}

// One who does not receive keeps no notice from the others.
func TestAReaderWhoSleepsHoldsUpNobody(t *testing.T) {
	n := newNotices()
	asleep := n.add(t.Context(), "g")
	var awake []<-chan struct{}
	for range 20 {
		awake = append(awake, n.add(t.Context(), "g"))
	}
	for range 3 {
		n.send(nil)
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
	if ch := n.add(t.Context(), "g"); ch != nil {
		t.Error("one was added after the end")
	}
}

func TestWatchEndsWithItsDatabase(t *testing.T) {
	if os.PathSeparator == '\\' {
		t.Skip("Windows does not let go of a file that is open")
	}
	dir := filepath.Join(t.TempDir(), "sub")
	path := filepath.Join(dir, "registry.db")
	r := open(t, path)
	ch, err := r.Watch(t.Context(), "g")
	if err != nil {
		t.Fatal(err)
	}
	// The file that it looks at is still there, and will never change again.
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	begin(t, r, 1)
	timeout := time.After(deadline)
	for closed := false; !closed; {
		select {
		case _, ok := <-ch:
			closed = !ok
		case <-timeout:
			t.Fatal("it is still open")
		}
	}
	if ch, err = r.Watch(t.Context(), "g"); err != nil {
		t.Fatal(err)
	}
	begin(t, open(t, path), 2)
	await(t, ch, "a term in the new database")
}

// A term must survive a power cut; a beat need not wait for the disk.
func TestTermsAreSyncedAndBeatsAreNot(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "registry.db"))
	const normal, full = 1, 2
	for _, tt := range []struct {
		what records
		want int64
	}{{ofInstances, normal}, {ofTerms, full}, {ofTerms, full}, {ofInstances, normal}} {
		got, err := writing(t.Context(), r, tt.what, func(c *conn) (got int64, err error) {
			return got, c.scan("PRAGMA synchronous", &got)
		})
		if err != nil || got != tt.want {
			t.Errorf("synchronous is %d, %v; want %d", got, err, tt.want)
		}
	}
}

// What a call reads is of one instant, whatever is written between its reads.
func TestReadsSeeOneInstant(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	r, other := open(t, path), open(t, path)
	begin(t, other, 1)
	_, err := reading(t.Context(), r, func(c *conn) (none struct{}, err error) {
		for n := int64(2); n <= 3; n++ {
			latest, err := c.latest("g")
			if err != nil || latest.Number != 1 {
				t.Errorf("the latest is %+v, %v; want term 1 all along", latest, err)
			}
			begin(t, other, n)
		}
		return none, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A call that its caller has left changes nothing any more and gives the lane back.
func TestCallsLeftBehindEndTheirTransaction(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	r, other := open(t, path), open(t, path)
	in := join(t, r, "g")
	ctx, cancel := context.WithCancel(t.Context())
	entered, leave := make(chan struct{}), make(chan struct{})
	go func() {
		<-entered
		cancel()
	}()
	_, err := writing(ctx, r, ofInstances, func(c *conn) (int64, error) {
		close(entered)
		<-leave // a disk that hangs
		return c.change(`DELETE FROM instances`)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	close(leave)
	for _, r := range []*Registry{r, other} {
		if _, err := r.Beat(t.Context(), in.ID, in.Status); err != nil {
			t.Errorf("then Beat: %v", err)
		}
	}
}
