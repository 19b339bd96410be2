package public

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
	"github.com/understudy-go/understudy/registry"
)

func TestReader_SharesOneReadAmongAllClients(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.job("report")
	f.s.block = make(chan struct{})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := f.Jobs(t.Context(), Question{}); err != nil {
				t.Error(err)
			}
		})
	}
	for f.s.count("jobs") == 0 {
		time.Sleep(time.Millisecond)
	}
	close(f.s.block)
	wg.Wait()
	if n := f.s.count("jobs") + f.s.count("queue") + f.s.count("runs"); n != 3 {
		t.Errorf("%d reads for 20 clients, want 3", n)
	}
	f.clock = f.clock.Add(keep)
	f.list(Question{})
	if n := f.s.count("jobs"); n != 2 {
		t.Errorf("%d reads after %v, want 2", n, keep)
	}
}

func TestReader_GroupWithoutJobsCostsOneRareRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 29 {
		text, err := f.Count(t.Context())
		if n := decode[Count](t, text, err).Jobs; n != 0 {
			t.Errorf("%d jobs", n)
		}
		f.clock = f.clock.Add(time.Second)
	}
	if n := f.s.count("jobs"); n != 1 || len(f.s.asked) != 1 {
		t.Errorf("asked %v within 29 s, want once for the jobs", f.s.asked)
	}
}

func TestReader_CountUsesWhatWasReadForTheList(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.job("report")
	f.list(Question{})
	text, err := f.Count(t.Context())
	if n := decode[Count](t, text, err).Jobs; n != 1 || f.s.count("jobs") != 1 {
		t.Errorf("%d jobs after %d reads", n, f.s.count("jobs"))
	}
}

func TestReader_HasALimitOfQuestions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	refused := 0
	for i := range 500 {
		_, err := f.Run(t.Context(), "report", fmt.Sprint("k:", i))
		switch {
		case errors.Is(err, ErrBusy):
			refused++
		case !errors.Is(err, store.ErrNoRun):
			t.Fatal(err)
		}
	}
	if n := f.s.count("run"); n != perWhile || refused != 500-perWhile {
		t.Errorf("%d reads, %d refused, want %d reads", n, refused, perWhile)
	}
	f.clock = f.clock.Add(keep)
	if _, err := f.Run(t.Context(), "report", "k:new"); !errors.Is(err, store.ErrNoRun) {
		t.Errorf("%v after a while", err)
	}
	if n := len(f.kept); n > perWhile {
		t.Errorf("%d answers are kept", n)
	}
}

func TestReader_RegistryThatHangsHoldsNobodyForLong(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.s.block = make(chan struct{})
	defer close(f.s.block)
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			if _, err := f.Jobs(t.Context(), Question{}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v, want a deadline", err)
			}
		})
	}
	wg.Wait()
	if n := f.s.count("jobs"); n > 2 {
		t.Errorf("%d reads of a registry that hangs", n)
	}
}

func TestReader_ClientThatLeavesEndsNoReadOfOthers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.job("report")
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := f.Jobs(gone, Question{}); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if got := f.list(Question{}); len(got.Jobs) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestReader_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	a := &asking{block: make(chan struct{})}
	r := New(ctx, "orders", func() store.Asking { return a })
	ended := make(chan error)
	go func() {
		_, err := r.Jobs(t.Context(), Question{})
		ended <- err
	}()
	for a.count("jobs") == 0 {
		time.Sleep(time.Millisecond)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestReader_ErrorIsKeptToo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.s.err = errAway
	for range 10 {
		if _, err := f.Jobs(t.Context(), Question{}); !errors.Is(err, errAway) {
			t.Error(err)
		}
	}
	if n := f.s.count("jobs"); n != 1 {
		t.Errorf("%d reads of a registry that is away", n)
	}
}

func TestReader_NotConnectedYet(t *testing.T) {
	t.Parallel()
	r := New(t.Context(), "orders", func() store.Asking { return nil })
	if _, err := r.Count(t.Context()); !errors.Is(err, ErrNotOpen) {
		t.Error(err)
	}
}

func TestList_PagesAndFilters(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 120 {
		f.job(fmt.Sprintf("job-%03d", i))
	}
	f.s.jobs[7].Description = "The NIGHTLY one"
	for name, tt := range map[string]struct {
		q                     Question
		jobs, matching, pages int
		first                 string
	}{
		"first page":     {Question{}, 50, 120, 3, "job-000"},
		"last page":      {Question{Page: 2}, 20, 120, 3, "job-100"},
		"past the end":   {Question{Page: 9}, 20, 120, 3, "job-100"},
		"by name":        {Question{Filter: "job-11"}, 10, 10, 1, "job-110"},
		"by description": {Question{Filter: "Nightly"}, 1, 1, 1, "job-007"},
		"one":            {Question{Job: "job-100"}, 1, 1, 1, "job-100"},
		"none":           {Question{Filter: "x"}, 0, 0, 1, ""},
	} {
		got := f.list(tt.q)
		first := ""
		if len(got.Jobs) > 0 {
			first = got.Jobs[0].Name
		}
		if got.Total != 120 || len(got.Jobs) != tt.jobs || got.Matching != tt.matching || got.Pages != tt.pages || first != tt.first {
			t.Errorf("%s: %d jobs of %d and %d, %d pages, first %s; want %+v", name, len(got.Jobs), got.Matching, got.Total, got.Pages, first, tt)
		}
	}
	if _, err := f.Jobs(t.Context(), Question{Job: "job-999"}); !errors.Is(err, ErrNoSuchJob) {
		t.Errorf("%v of a job that does not exist", err)
	}
}

// A job that runs rarely has no run among the latest ones of a busy group.
func TestList_FindsRunsOfRareJobs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 60 {
		f.job(fmt.Sprintf("job-%02d", i))
	}
	for i := range groupRuns + 1 {
		f.run("job-00", fmt.Sprint("k:", i), time.Duration(i)*time.Second)
	}
	f.run("job-40", "k:rare", time.Hour)
	got := f.list(Question{})
	if n := len(got.Jobs[0].Runs); n != view.RecentRuns || got.Jobs[0].Runs[0].Run != "k:0" {
		t.Errorf("%d runs of the busy job", n)
	}
	if runs := got.Jobs[40].Runs; len(runs) != 1 || runs[0].Run != "k:rare" || got.Jobs[40].Partial {
		t.Errorf("%+v of the rare job", got.Jobs[40])
	}
	if n := f.s.count("runs of a job"); n != 49 {
		t.Errorf("%d reads of single jobs, want one for each on the page but the busy one", n)
	}
	f.clock = f.clock.Add(keep)
	f.list(Question{})
	if n := f.s.count("runs of a job"); n != 49 {
		t.Errorf("%d reads of single jobs: older runs were read again at once", n)
	}
	f.clock = f.clock.Add(keepHistory)
	f.list(Question{})
	if n := f.s.count("runs of a job"); n != 98 {
		t.Errorf("%d reads of single jobs after %v, want 98", n, keepHistory)
	}
}

func TestList_SaysThatRunsHaveNotBeenReadYet(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 150 {
		f.job(fmt.Sprintf("job-%03d", i))
	}
	for i := range groupRuns + 1 {
		f.run("job-000", fmt.Sprint("k:", i), time.Duration(i)*time.Second)
	}
	f.list(Question{})
	if got := f.list(Question{Page: 1}); !got.Jobs[49].Partial {
		t.Errorf("%+v was read within the same while as another page", got.Jobs[49])
	}
	f.clock = f.clock.Add(keep)
	if got := f.list(Question{Page: 1}); got.Jobs[49].Partial {
		t.Errorf("%+v was not read later", got.Jobs[49])
	}
}

func TestList_LeavesOutWhatCannotBeUnderstood(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.job("report")
	f.s.err = fmt.Errorf("%w: <b>secret</b>", registry.ErrCorrupt)
	if got := f.list(Question{}); len(got.Jobs) != 1 || !got.Unread {
		t.Errorf("%+v", got)
	}
	if _, err := f.Run(t.Context(), "report", "k:1"); !errors.Is(err, ErrRecord) {
		t.Error(err)
	}
}

func TestTimeline_HasEachAttemptInItsTerm(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.job("report")
	r := f.run("report", "k:1", time.Hour)
	r.State, r.Open, r.Attempt = store.Processing, true, 2
	r.Attempts[0].End = store.AttemptExited
	r.Attempts = append(r.Attempts, store.Attempt{Number: 2, Term: 3, From: noon.Add(-30 * time.Minute)})
	f.run("other", "k:2", 2*time.Hour)   // has no record of its job
	f.run("report", "k:3", 25*time.Hour) // too old
	text, err := f.Timeline(t.Context(), Question{})
	got := decode[Timeline](t, text, err)
	want := []Span{
		{Job: "report", Run: "k:1", Status: store.Processing, Number: 1, From: noon.Add(-time.Hour), To: noon.Add(-59 * time.Minute), End: "exited", Term: 2},
		{Job: "report", Run: "k:1", Status: store.Processing, Number: 2, Last: true, From: noon.Add(-30 * time.Minute), Term: 3},
	}
	if len(got.Spans) != 2 || got.Spans[0] != want[0] || got.Spans[1] != want[1] || !got.Since.Equal(noon.Add(-day)) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestTimeline_OfABusyGroupSaysSinceWhen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.job("report")
	for i := range store.MaxPage + 10 {
		f.run("report", fmt.Sprint("k:", i), time.Duration(i)*time.Second)
	}
	text, err := f.Timeline(t.Context(), Question{})
	if got := decode[Timeline](t, text, err); !got.Since.Equal(noon.Add(-(store.MaxPage-1)*time.Second)) || len(got.Spans) != store.MaxPage {
		t.Errorf("%d spans since %v", len(got.Spans), got.Since)
	}
}

func TestAnswer_IsCompressedIfItIsLarge(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.job("report")
	small, err := f.Jobs(t.Context(), Question{})
	if err != nil || small.Gzip != nil {
		t.Errorf("%v, %d bytes: compressed", err, len(small.JSON))
	}
	for i := range 49 {
		f.job(fmt.Sprint("job-", i))
		f.s.jobs[i].Description = strings.Repeat("x", 100)
	}
	f.clock = f.clock.Add(keep)
	a, err := f.Jobs(t.Context(), Question{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(a.Gzip))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(r); err != nil || !bytes.Equal(text, a.JSON) || len(a.Gzip) > len(a.JSON)/4 {
		t.Errorf("%v: %d bytes from %d, want %d", err, len(text), len(a.Gzip), len(a.JSON))
	}
}
