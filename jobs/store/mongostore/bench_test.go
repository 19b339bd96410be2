package mongostore_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/store/mongostore"
	"github.com/understudy-go/understudy/jobs/store/storetest"
)

// median calls f for each iteration, and reports the median and the 99th percentile.
func median(b *testing.B, f func() error) {
	var took []time.Duration
	for b.Loop() {
		begun := time.Now()
		if err := f(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "median-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkRun measures the calls of which each run needs one, on a set of one node.
func BenchmarkRun(b *testing.B) {
	uri := mongotest.Start(b, 1).URI()
	s, h := open(b, uri).Jobs(), holder(1)
	if _, err := s.Seal(b.Context(), h); err != nil {
		b.Fatal(err)
	}
	awaitIndices(b, db(b, uri, "understudy").Collection("runs"))
	var claimed, submitted []store.Run
	b.Run("Claim", func(b *testing.B) {
		median(b, func() error {
			r := processing(h, uuid.NewString())
			claimed = append(claimed, r)
			_, err := s.Claim(b.Context(), h, []store.Run{r})
			return err
		})
	})
	b.Run("ClaimOf100", func(b *testing.B) {
		median(b, func() error {
			var runs []store.Run
			for range 100 {
				runs = append(runs, processing(h, uuid.NewString()))
			}
			_, err := s.Claim(b.Context(), h, runs)
			return err
		})
	})
	b.Run("ClaimOf1000", func(b *testing.B) {
		median(b, func() error {
			var runs []store.Run
			for range store.MaxPage {
				runs = append(runs, processing(h, uuid.NewString()))
			}
			_, err := s.Claim(b.Context(), h, runs)
			return err
		})
	})
	b.Run("SaveJobsOf1000", func(b *testing.B) {
		revision := int64(0)
		median(b, func() error {
			revision++
			var jobs []store.Job
			for i := range store.MaxPage {
				jobs = append(jobs, store.Job{Group: "g", Name: fmt.Sprint("job", i), Mark: instant, Hash: "c0ffee", Digest: "d16e57", Revision: revision,
					Since: instant, Schedule: "* * * * *", Zone: "Europe/Berlin", Next: instant})
			}
			return s.SaveJobs(b.Context(), h, jobs)
		})
	})
	b.Run("Finish", func(b *testing.B) {
		n := 0
		median(b, func() error {
			if n == len(claimed) {
				claimed = append(claimed, claim(b, s, h, processing(h, uuid.NewString())))
			}
			r := completed(claimed[n])
			n++
			r.Output = store.Output{Head: []byte(strings.Repeat("a line of its output\n", 50)), Bytes: 1050}
			_, err := s.Update(b.Context(), h, claimed[n-1].Version(), r)
			return err
		})
	})
	b.Run("Submit", func(b *testing.B) {
		median(b, func() error {
			r, _, err := s.Submit(b.Context(), triggered(uuid.NewString()), nil, 1_000_000)
			submitted = append(submitted, r)
			return err
		})
	})
	b.Run("Start", func(b *testing.B) {
		n := 0
		median(b, func() error {
			if n == len(submitted) {
				r, _, err := s.Submit(b.Context(), triggered(uuid.NewString()), nil, 1_000_000)
				if err != nil {
					return err
				}
				submitted = append(submitted, r)
			}
			r := submitted[n]
			n++
			was := r.Version()
			r.State, r.Attempt, r.Nonce = store.Processing, 1, uuid.New()
			_, err := s.Update(b.Context(), h, was, r)
			return err
		})
	})
}

// BenchmarkTrigger submits a run by one registry, waits for the notice at another one, and
// reads there what is due and starts it.
func BenchmarkTrigger(b *testing.B) {
	uri := mongotest.Start(b, 1).URI()
	people, s, h := open(b, uri).Jobs(), open(b, uri).Jobs(), holder(1)
	changes, err := s.Watch(b.Context(), "g")
	if err != nil {
		b.Fatal(err)
	}
	median(b, func() error {
		for quiet := false; !quiet; { // what came before made notices too
			select {
			case <-changes:
			default:
				quiet = true
			}
		}
		if _, _, err := people.Submit(b.Context(), triggered(uuid.NewString()), nil, 1000); err != nil {
			return err
		}
		for {
			<-changes
			runs, _, err := s.Due(b.Context(), storetest.AnyHolder("g"), time.Now().Add(time.Hour), nil, 10)
			if err != nil {
				return err
			}
			for _, r := range runs {
				was := r.Version()
				r.State, r.Attempt, r.Nonce = store.Processing, 1, uuid.New()
				if _, err := s.Update(b.Context(), h, was, r); err != nil {
					return err
				}
			}
			if len(runs) > 0 {
				return nil
			}
		}
	})
}

// BenchmarkHistory reads the runs of a hundred jobs, a million in all, or a tenth of that with
// -short.
func BenchmarkHistory(b *testing.B) {
	history := 1_000_000
	if testing.Short() {
		history /= 10
	}
	uri := mongotest.Start(b, 1).URI()
	s, h := open(b, uri).Jobs(), holder(1)
	if _, err := s.Seal(b.Context(), h); err != nil {
		b.Fatal(err)
	}
	runs := db(b, uri, "understudy").Collection("runs", options.Collection().SetWriteConcern(writeconcern.W1()))
	awaitIndices(b, runs)
	begun := time.Now()
	var docs []any
	for n := range history {
		r := processing(h, store.SlotID(instant.Add(time.Duration(n)*time.Second)))
		r.Job, r.At = fmt.Sprint("job", n%100), instant.Add(time.Duration(n)*time.Second)
		r.State, r.Open, r.EndedAt = store.Completed, false, r.At.Add(time.Second)
		if n%10_000 == 5 {
			r.State = store.Failed
		}
		r.Output = store.Output{Head: []byte("its output\n"), Bytes: 11}
		docs = append(docs, mongostore.NewRun(r))
		if len(docs) == 10_000 {
			if _, err := runs.InsertMany(b.Context(), docs, options.InsertMany().SetOrdered(false)); err != nil {
				b.Fatal(err)
			}
			docs = nil
		}
	}
	b.Logf("%d runs were inserted within %v", history, time.Since(begun).Round(time.Second))
	for _, f := range []struct {
		name   string
		filter store.Filter
	}{
		{"Newest", store.Filter{Limit: 20}},
		{"NewestThousand", store.Filter{Limit: 1000}},
		{"OfAJob", store.Filter{Job: "job7", Limit: 20}},
		{"Failed", store.Filter{States: []store.State{store.Failed, store.TimedOut, store.Exited}, Limit: 20}},
		{"FailedOfAJob", store.Filter{Job: "job5", States: []store.State{store.Failed}, Limit: 20}},
		{"FailedOfAJobThatNeverDid", store.Filter{Job: "job7", States: []store.State{store.Failed}, Limit: 20}},
		{"TimedOutNever", store.Filter{States: []store.State{store.TimedOut}, Limit: 20}},
		{"PageInTheMiddle", store.Filter{Before: store.Run{Key: store.Key{Job: "job7", Run: "x"}, At: instant.Add(time.Duration(history/2) * time.Second)}, Limit: 20}},
	} {
		b.Run(f.name, func(b *testing.B) {
			median(b, func() error { _, err := s.Runs(b.Context(), "g", f.filter); return err })
		})
	}
	b.Run("Open", func(b *testing.B) {
		median(b, func() error { _, err := s.Open(b.Context(), storetest.AnyHolder("g"), nil, 100); return err })
	})
	b.Run("Due", func(b *testing.B) {
		median(b, func() error {
			_, _, err := s.Due(b.Context(), storetest.AnyHolder("g"), time.Now(), nil, 100)
			return err
		})
	})
	b.Run("Seal", func(b *testing.B) {
		median(b, func() error { h.Term++; _, err := s.Seal(b.Context(), h); return err })
	})
}
