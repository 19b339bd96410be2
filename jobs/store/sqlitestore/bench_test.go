package sqlitestore

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/sqlitefile"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/store/storetest"
)

func BenchmarkClaim(b *testing.B) {
	for _, n := range []int{1, 100, store.MaxPage} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := openStore(b, filepath.Join(b.TempDir(), "registry.db"))
			for b.Loop() {
				runs := make([]store.Run, n)
				for i := range runs {
					runs[i] = newRun("report", uuid.NewString())
				}
				if _, err := s.Claim(b.Context(), holder, runs); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSaveJobs saves the jobs of a minute at which each has a slot.
func BenchmarkSaveJobs(b *testing.B) {
	for _, n := range []int{1, store.MaxPage} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := openStore(b, filepath.Join(b.TempDir(), "registry.db"))
			jobs := make([]store.Job, n)
			revision := int64(0)
			for b.Loop() {
				revision++
				for i := range jobs {
					jobs[i] = store.Job{Group: "g", Name: fmt.Sprint("job", i), Mark: time.Now(), Hash: "c0ffee", Digest: "d16e57", Revision: revision,
						Since: time.Now(), Schedule: "* * * * *", Zone: "Europe/Berlin", Next: time.Now()}
				}
				if err := s.SaveJobs(b.Context(), holder, jobs); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkUpdate writes the outcome of a run with a short output.
func BenchmarkUpdate(b *testing.B) {
	s := openStore(b, filepath.Join(b.TempDir(), "registry.db"))
	r := newRun("report", "1")
	if _, err := s.Claim(b.Context(), holder, []store.Run{r}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		was := store.Version{State: store.Processing, Term: holder.Term, Attempt: r.Attempt}
		r.Attempt++
		r.Output = store.Output{Head: make([]byte, 200), Bytes: 200}
		if _, err := s.Update(b.Context(), holder, was, r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSetProgress(b *testing.B) {
	s := openStore(b, filepath.Join(b.TempDir(), "registry.db"))
	r := newRun("report", "1")
	if _, err := s.Claim(b.Context(), holder, []store.Run{r}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.SetProgress(b.Context(), holder, r.Key, 1, store.Progress{Percent: 7, At: time.Now()}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSubmit(b *testing.B) {
	s := openStore(b, filepath.Join(b.TempDir(), "registry.db"))
	for b.Loop() {
		_, _, err := s.Submit(b.Context(), store.Run{Key: store.Key{Group: "g", Job: "report", Run: uuid.NewString()}}, []byte(`{"a":1}`), 1<<30)
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHistory reads a file with the runs of 100 jobs, a million in all, or a tenth of
// that with -short. The runs of one job in a hundred failed, and a hundred runs wait.
func BenchmarkHistory(b *testing.B) {
	runs := 1_000_000
	if testing.Short() {
		runs /= 10
	}
	path := filepath.Join(b.TempDir(), "registry.db")
	s := openStore(b, path)
	begun := time.Now()
	first := begun.Add(-time.Duration(runs) * time.Second)
	for from := 0; from < runs; from += 100_000 {
		_, err := writing(b.Context(), s, "fill", ofOutput, func(c *conn) (int64, error) {
			return c.Change(`WITH RECURSIVE n(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
				INSERT INTO runs ("group", job, run, "trigger", slot, at, due, priority, state, open, term, instance, attempt, nonce,
					failures, interruptions, remark, endedAt, schema, bytes, attempts, head)
				SELECT 'g', 'job' || (i % 100), 'run' || i, 'schedule', ? + i * 1000, ? + i * 1000, ? + i * 1000, 0,
					iif(i >= ?, 'waiting', iif(i % 100 = 7, 'failed', 'completed')), i >= ?, 1, ?, 1, ?, 0, 0, '', ? + i * 1000, 1, 200,
					'[{"number":1,"host":"host","term":1,"from":1600000000000,"to":1600000000001,"end":"completed","exitCode":0}]', zeroblob(200) FROM n`,
				from, from+100_000, first.UnixMilli(), first.UnixMilli(), first.UnixMilli(), runs-100, runs-100, holder.Instance.String(), uuid.NewString(), first.UnixMilli())
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	var pages, size int64
	_, err := sqlitefile.Read(b.Context(), s.file, func(c *sqlitefile.Conn) (none struct{}, err error) {
		if err := c.Scan("PRAGMA page_count", &pages); err != nil {
			return none, err
		}
		return none, c.Scan("PRAGMA page_size", &size)
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d runs were stored in %v, in %d MiB", runs, time.Since(begun).Round(time.Second), pages*size>>20)
	middle := store.Run{Key: store.Key{Group: "g", Job: "job5", Run: fmt.Sprint("run", runs/2)}, At: first.Add(time.Duration(runs/2) * time.Second)}
	for _, tt := range []struct {
		name string
		want int
		call func() (int, error)
	}{
		{"Runs", 1000, func() (int, error) { r, err := s.Runs(b.Context(), "g", store.Filter{Limit: 1000}); return len(r), err }},
		{"RunsFromTheMiddle", 1000, func() (int, error) {
			r, err := s.Runs(b.Context(), "g", store.Filter{Limit: 1000, Before: middle})
			return len(r), err
		}},
		{"RunsOfAJob", 1000, func() (int, error) {
			r, err := s.Runs(b.Context(), "g", store.Filter{Job: "job42", Limit: 1000})
			return len(r), err
		}},
		{"RunsThatFailed", min(1000, runs/100-1), func() (int, error) {
			r, err := s.Runs(b.Context(), "g", store.Filter{States: []store.State{store.Failed}, Limit: 1000})
			return len(r), err
		}},
		{"RunsOfAJobThatFailed", 0, func() (int, error) {
			r, err := s.Runs(b.Context(), "g", store.Filter{Job: "job42", States: []store.State{store.Failed}, Limit: 1000})
			return len(r), err
		}},
		{"LastTwenty", 20, func() (int, error) {
			r, err := s.Runs(b.Context(), "g", store.Filter{Job: "job42", Limit: 20})
			return len(r), err
		}},
		{"Due", 16, func() (int, error) {
			r, _, err := s.Due(b.Context(), storetest.AnyHolder("g"), time.Now(), nil, 16)
			return len(r), err
		}},
		{"Open", 0, func() (int, error) {
			r, err := s.Open(b.Context(), storetest.AnyHolder("g"), nil, 1000)
			return len(r), err
		}},
		{"Queue", 100, func() (int, error) { q, err := s.Queue(b.Context(), "g", time.Now()); return len(q), err }},
	} {
		b.Run(tt.name, func(b *testing.B) {
			for b.Loop() {
				if n, err := tt.call(); err != nil || n != tt.want {
					b.Fatalf("%d, %v; want %d", n, err, tt.want)
				}
			}
		})
	}
}

// BenchmarkBacklog works beside ten thousand runs that wait.
func BenchmarkBacklog(b *testing.B) {
	const waiting = 10_000
	s := openStore(b, filepath.Join(b.TempDir(), "registry.db"))
	for from := 0; from < waiting; from += store.MaxPage {
		var runs []store.Run
		for i := range store.MaxPage {
			r := newRun("report", fmt.Sprint(from+i))
			r.State = store.Waiting
			runs = append(runs, r)
		}
		if _, err := s.Claim(b.Context(), holder, runs); err != nil {
			b.Fatal(err)
		}
	}
	for name, call := range map[string]func() error{
		"Submit": func() error {
			_, _, err := s.Submit(b.Context(), store.Run{Key: store.Key{Group: "g", Job: "report", Run: uuid.NewString()}}, nil, 1<<30)
			return err
		},
		"Due": func() error {
			_, _, err := s.Due(b.Context(), storetest.AnyHolder("g"), time.Now(), nil, 16)
			return err
		},
		"Queue": func() error { _, err := s.Queue(b.Context(), "g", time.Now()); return err },
		"Seal": func() error {
			_, err := writing(b.Context(), s, "unseal", ofOutput, func(c *conn) (int64, error) { return c.Change(`UPDATE runs SET term = 0`) })
			if err == nil {
				_, err = s.Seal(b.Context(), holder)
			}
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := call(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
