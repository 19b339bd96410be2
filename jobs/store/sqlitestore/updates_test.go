package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
)

// lock keeps writers out, as another process does, until the function that it returns is
// called.
func lock(t *testing.T, path string) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	c, err := db.Conn(t.Context())
	if err == nil {
		_, err = c.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		_, err := c.ExecContext(context.Background(), "ROLLBACK")
		if err := errors.Join(err, c.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	}
}

// waits counts the updates that wait.
func (s *Store) waits() int {
	s.updates.mu.Lock()
	defer s.updates.mu.Unlock()
	return len(s.updates.waiting)
}

func TestUpdate_ThoseThatWaitAreWrittenTogetherAndAnsweredEach(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	s := openStore(t, path)
	const n = 20
	var runs []store.Run
	for i := range n {
		r := newRun("report", fmt.Sprint(i))
		r.Term = holder.Term
		runs = append(runs, r)
	}
	if _, err := s.Claim(t.Context(), holder, runs[:n-1]); err != nil { // the last one is not there
		t.Fatal(err)
	}
	unlock := lock(t, path)
	errs := make([]error, n)
	ended := make(chan int)
	begin := func(i int, ctx context.Context, was store.Version) {
		go func() {
			done := runs[i]
			done.State, done.Open, done.EndedAt = store.Completed, false, time.Now()
			_, errs[i] = s.Update(ctx, holder, was, done)
			ended <- i
		}()
	}
	begin(0, t.Context(), runs[0].Version()) // it is alone in its transaction, and waits for the lock
	testkit.Until(t, "the first to be written", func() bool {
		s.updates.mu.Lock()
		defer s.updates.mu.Unlock()
		return s.updates.writing && len(s.updates.waiting) == 0
	})
	withdrawn, cancel := context.WithCancel(t.Context())
	for i := 1; i < n; i++ {
		ctx, was := t.Context(), runs[i].Version()
		switch i {
		case 1:
			ctx = withdrawn
		case 2:
			was.Attempt++ // somebody else has changed it
		}
		begin(i, ctx, was)
	}
	testkit.Until(t, "the others to wait", func() bool { return s.waits() == n-1 })
	cancel()
	if i := <-ended; i != 1 || !errors.Is(errs[1], context.Canceled) {
		t.Errorf("update %d ended with %v, want the one that was withdrawn", i, errs[i])
	}
	unlock()
	for range n - 1 {
		<-ended
	}
	for i, err := range errs {
		want, state := error(nil), store.Completed
		switch i {
		case 1:
			want, state = context.Canceled, store.Processing
		case 2:
			want, state = store.ErrChanged, store.Processing
		case n - 1:
			want, state = store.ErrNoRun, ""
		}
		r, err2 := s.Run(t.Context(), runs[i].Key)
		if !errors.Is(err, want) || r.State != state || err2 != nil && i != n-1 {
			t.Errorf("update %d: %v, and the run is %q; want %v, %q", i, err, r.State, want, state)
		}
	}
	testkit.Until(t, "the goroutine to end", func() bool { s.updates.mu.Lock(); defer s.updates.mu.Unlock(); return !s.updates.writing })
}

// Updates of a holder whose term is over keep those of another one from nothing.
func TestUpdate_HoldersDoNotShareATransaction(t *testing.T) {
	q := &updates{writing: true}
	other := holder
	other.Term++
	for _, h := range []store.Holder{holder, holder, other, holder} {
		q.waiting = append(q.waiting, &update{holder: h})
	}
	var got []int
	for list := q.next(); len(list) > 0; list = q.next() {
		got = append(got, len(list))
	}
	if fmt.Sprint(got) != "[2 1 1]" || q.writing {
		t.Errorf("got transactions of %v updates, want [2 1 1]", got)
	}
	for range maxTogether + 1 {
		q.waiting = append(q.waiting, &update{holder: holder})
	}
	if a, b := len(q.next()), len(q.next()); a != maxTogether || b != 1 {
		t.Errorf("got %d and %d updates, want %d and 1", a, b, maxTogether)
	}
}
