package page

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/checks/part"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/web"
)

func TestJobs_AreShownWithTheirRuns(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	running, _ := b.example()
	p := newTab(t, b.serve().url())
	p.look(1280, "light")
	p.awaitText("#to-jobs", "Jobs 6")
	if got := p.shown("#jobs, #job, #run, #lanes"); len(got) != 0 {
		t.Errorf("beside the instances there is %q", got)
	}
	p.open("jobs")
	p.awaitText("#jobs", "backup")
	if got := p.shown("#instances"); len(got) != 0 {
		t.Error("the instances are still shown")
	}
	if diff := cmp.Diff([]string{"backup", "clean-up", "invoices", "migrate", "old-report", "publish"}, p.shown("#jobs td.first a")); diff != "" {
		t.Error(diff)
	}
	for row, want := range map[int][]string{
		1: {"processing ", ", 42 %, attempt 2", "in ", "30 2 * * *"},
		2: {"completed", "3 in a row", "in "},
		3: {"× failed", "6m00s", "2 in a row"},
		4: {"2 waiting, due ", "only when asked for"},
		5: {"not in the jobs file any more"},
		6: {"paused by anna@ops-1: the partner's site is down until noon, "},
	} {
		selector := fmt.Sprintf("#jobs tbody tr:nth-child(%d)", row)
		for _, text := range want {
			p.awaitText(selector, text)
		}
	}
	if title := eval[string](p, "document.querySelector('#jobs tbody tr:nth-child(2) .next span').title"); !strings.Contains(title, " UTC\n") {
		t.Errorf("title %q of the next run, want the instant", title)
	}
	type bar struct {
		Class, Mark, Title, Address string
		Height                      float64
	}
	bars := eval[[]bar](p, `[...document.querySelectorAll('#jobs tbody tr:nth-child(2) .bar')].map(n => ({class: n.className, mark: n.querySelector('b').textContent,
		title: n.title, address: n.hash, height: n.firstChild.getBoundingClientRect().height}))`)
	if len(bars) != 20 {
		t.Fatalf("%d bars, want 20", len(bars))
	}
	marks := map[string]string{}
	for _, q := range bars {
		marks[q.Class] = q.Mark
		if q.Height < 3 || !strings.HasPrefix(q.Address, "#runs/clean-up/") || q.Title == "" {
			t.Errorf("%+v", q)
		}
	}
	if diff := cmp.Diff(map[string]string{"bar completed": "", "bar timed-out": "!", "bar skipped": "·", "bar exited": "?", "bar cancelled": "–"}, marks); diff != "" {
		t.Error(diff)
	}
	long, brief := bars[16], bars[19] // five minutes, and 20 seconds
	if long.Height < 3*brief.Height {
		t.Errorf("the bar of a run that took five minutes is %v high, of one that took 20 s %v", long.Height, brief.Height)
	}
	if label := eval[string](p, "document.querySelector('#jobs tbody tr:nth-child(2) .bars').ariaLabel"); !strings.HasPrefix(label, "Last 20 runs: 16 completed") {
		t.Errorf("to those who cannot see the bars they are %q", label)
	}
	// The attempts of one run are in two terms.
	spans := eval[[]string](p, "[...document.querySelectorAll('#lanes .lane:first-child .span')].map(n => n.title)")
	if len(spans) != 2 || !strings.Contains(spans[0], "exited") || !strings.Contains(spans[0], "term 4") || !strings.Contains(spans[1], "processing") || !strings.Contains(spans[1], "term 5") {
		t.Errorf("timeline %q", spans)
	}
	if rows := eval[[]string](p, "[...document.querySelectorAll('#lanes .track')].map(n => n.style.getPropertyValue('--rows'))"); !slices.Equal(rows, []string{"1", "1", "1"}) {
		t.Errorf("rows %q of attempts that do not overlap, want one in each lane", rows)
	}
	if got := p.shown("#bands .band"); !slices.Equal(got, []string{"5 ams-1", "4 lon-3", "3 fra-2"}) {
		t.Errorf("terms %q", got)
	}
	p.press("1 h")
	part.Until(t, "a shorter timeline", func() bool { return slices.Equal(p.shown("#bands .band"), []string{"5 ams-1"}) })

	eval[bool](p, "document.querySelector('#jobs tbody tr:first-child td.first a').click(), true")
	p.awaitText("#job", running.Run)
	eval[bool](p, "document.querySelector('#job tbody .name a').click(), true")
	p.awaitText("#run-title", running.String())
	if diff := cmp.Diff([]string{"#1", "#2"}, p.shown("#run tbody td.first")); diff != "" {
		t.Error(diff)
	}
	for _, want := range []string{"▸ processing", "42 %", "schedule", "Interruptions"} {
		p.awaitText("#run dl", want)
	}
	if got := eval[float64](p, "document.querySelector('#run progress').value"); got != 42 {
		t.Errorf("progress %v", got)
	}
}

// Without a token nothing is shown of what runs write, and nothing can be asked for.
func TestJobs_WithoutATokenShowNoSecretsAndNoButtons(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	running, failed := b.example()
	for name, prepare := range map[string][]func(*web.Config){"no token is set": nil, "nobody has typed it": {b.withAPI()}} {
		p := newTab(t, b.serve(prepare...).url()+"#runs/backup/"+running.Run)
		p.awaitText("#run dl", "42 %")
		hint := "UNDERSTUDY_API_TOKEN_FILE"
		if prepare != nil {
			hint = "it is shown with the token"
		}
		p.awaitText("#secret", hint)
		if text := p.text("#run"); strings.Contains(text, "copying") {
			t.Errorf("%s: %s", name, text)
		}
		p.open("runs/invoices/" + failed.Run)
		p.awaitText("#run dl", "exit code 3 is final")
		p.awaitText("#output-title", "39 B")
		if text := p.text("#run"); strings.Contains(text, "billing") {
			t.Errorf("%s: %s", name, text)
		}
		if got := p.shown("#run .asks button"); len(got) > 0 != (prepare != nil) {
			t.Errorf("%s: buttons %q", name, got)
		}
	}
}

func TestJobs_HostileTextIsShownAsText(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	text := markup + "\x00\x1b[31m\u202eevil\u2028" + strings.Repeat("x", 150)
	id := "k:" + `../%2e%2f<img src=x onerror=alert(1)>"'&amp;` + strings.Repeat("y", 400)
	b.job(store.Job{Name: strings.Repeat("a", 100), Description: text, Schedule: text, Zone: text, Next: time.Now().Add(time.Hour)})
	job := strings.Repeat("a", 100)
	r := b.run(job, id, time.Minute)
	r.Attempts[0].Host, r.Trigger, r.By, r.Remark = text, store.Trigger(text), text[:200], text[:200]
	r.Parent = "a/" + id[:300]
	b.claim(r)
	if _, err := b.Jobs().SetProgress(t.Context(), b.Holder, r.Key, 1, store.Progress{Percent: 50, Text: text[:200], At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if err := b.Jobs().AppendChunk(t.Context(), b.Holder, r.Key, 1, 0, 0, []byte(text+strings.Repeat("z", 20000))); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Jobs().Pause(t.Context(), "orders", job, text[:200], text[:200]); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Jobs().Cancel(t.Context(), r.Key, text[:200], text[:200]); err != nil {
		t.Fatal(err)
	}
	p := newTab(t, b.serve(b.withAPI()).url())
	dialogs := chromedp.Events(p.ctx, page.JavascriptDialogOpening)
	go func() {
		for d, err := range dialogs {
			if err != nil {
				return
			}
			t.Errorf("a dialog: %s", d.Message)
		}
	}()
	p.awaitHealth("1 active")
	eval[bool](p, "remember("+quote(secretToken)+"), true")
	elements := func() {
		t.Helper()
		if n := eval[int](p, "document.querySelectorAll('img, iframe, object, embed, script:not(body > script)').length"); n != 0 {
			t.Errorf("%d elements came of text", n)
		}
		p.checkReach()
		if raw := eval[string](p, `document.querySelector('main').textContent.match(/[\x00\x1b\u202e\u2028]/)?.[0] ?? ''`); raw != "" {
			t.Errorf("%q is on the page as it is", raw)
		}
	}
	p.open("jobs")
	p.awaitText("#jobs", markup)
	elements()
	p.open("jobs/" + job)
	p.awaitText("#job tbody", "k:../")
	elements()
	p.press("Resume")
	p.press("Pause")
	p.awaitShown("#dialog")
	if eval[bool](p, "(n => n.scrollWidth > n.clientWidth)(document.querySelector('#dialog'))") {
		t.Error("the dialog overflows")
	}
	p.press("Back")
	eval[bool](p, "document.querySelector('#job tbody .name a').click(), true")
	p.awaitText("#run-title", id)
	p.awaitText("#output", markup+`\x00\x1b[31m\u202eevil\u2028`)
	p.awaitText("#run dl", markup)
	elements()
}

func TestJobs_AreReadableInBothSchemesAndOnAPhone(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	running, failed := b.example()
	p := newTab(t, b.serve(b.withAPI()).url())
	p.awaitHealth("1 active")
	eval[bool](p, "remember("+quote(secretToken)+"), true")
	for view, ready := range map[string]string{
		"jobs": "#jobs td.first", "jobs/clean-up": "#job tbody td", "runs/backup/" + running.Run: "#output", "runs/invoices/" + failed.Run: "#output",
	} {
		p.open(view)
		p.awaitShown(ready)
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{1280, 1024, 390} {
				p.look(width, scheme)
				if wide := eval[[]string](p, `[...document.querySelectorAll('main .scroll')].filter(n => n.checkVisibility() && n.scrollWidth > n.clientWidth).map(n => n.scrollWidth + ' of ' + n.clientWidth)`); len(wide) > 0 {
					t.Errorf("%s, %s at %d: a table is cut off: %q", view, scheme, width, wide)
				}
				if broken := eval[[]string](p, `[...document.querySelectorAll('main .outcome')].filter(n => n.checkVisibility() && n.getClientRects().length > 1).map(n => n.textContent)`); len(broken) > 0 {
					t.Errorf("%s, %s at %d: outcomes on more than one line: %q", view, scheme, width, broken)
				}
				if eval[bool](p, "document.documentElement.scrollWidth > innerWidth") {
					t.Errorf("%s, %s at %d: the page is wider than the window", view, scheme, width)
				}
				if faint := eval[[]string](p, faintText); len(faint) > 0 {
					t.Errorf("%s, %s at %d: contrast below 4.5: %q", view, scheme, width, faint)
				}
			}
		}
		if n := eval[int](p, `[...document.querySelectorAll('main table')].filter(n => n.checkVisibility() && n.querySelectorAll('th').length !== n.querySelector('tbody tr').cells.length).length`); n != 0 {
			t.Errorf("%s: %d tables whose rows have other columns than their heads", view, n)
		}
		p.look(390, "light")
		if small := eval[[]string](p, `[...document.querySelectorAll('main .act')].filter(n => n.checkVisibility() && n.getBoundingClientRect().height < 24).map(n => n.textContent)`); len(small) > 0 {
			t.Errorf("%s: too small for a finger: %q", view, small)
		}
	}
}

func TestJobs_LargeGroupIsShownInPages(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	jobs := make([]store.Job, 1000)
	for i := range jobs {
		jobs[i] = store.Job{Name: fmt.Sprintf("job-%04d", i), Schedule: "* * * * *", Zone: "UTC", Next: time.Now().Add(time.Minute)}
	}
	b.saveJobs(jobs...)
	for minute := range 3 {
		runs := make([]store.Run, 1000)
		for i := range runs {
			runs[i] = over(b.run(jobs[i].Name, "", time.Duration(minute+1)*time.Minute), store.Completed, store.AttemptCompleted, time.Second, 0)
		}
		b.claim(runs...)
	}
	p := newTab(t, b.serve().url()+"#jobs")
	p.awaitText("#pager", "page 1 of 20")
	if n := len(p.shown("#jobs td.first")); n != 50 {
		t.Errorf("%d jobs on a page", n)
	}
	bars := func(n int) func() bool {
		return func() bool { return eval[int](p, "document.querySelectorAll('#jobs .bar').length") >= n }
	}
	part.Until(t, "the runs of the jobs on this page", bars(150))
	p.press("Next")
	p.awaitText("#pager", "page 2 of 20")
	p.awaitText("#jobs", "job-0050")
	part.Until(t, "the runs of the jobs on the next page", bars(150))
	eval[bool](p, "document.querySelector('#filter').value = 'job-07', document.querySelector('#filter').dispatchEvent(new Event('input')), true")
	p.awaitText("#jobs-count", "100 of 1000")
	p.awaitText("#pager", "page 1 of 2")
	p.awaitText("#jobs", "job-0700")
}

// counted counts the reads of a store.
type counted struct {
	store.Asking
	reads *atomic.Int64
}

func (c counted) Jobs(ctx context.Context, group string) ([]store.Job, error) {
	c.reads.Add(1)
	return c.Asking.Jobs(ctx, group)
}

func TestJobs_GroupWithoutThemHasNoView(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	var reads atomic.Int64
	p := newTab(t, b.serve(func(c *web.Config) {
		c.Jobs = func() store.Asking { return counted{b.Jobs(), &reads} }
	}).url())
	p.awaitHealth("1 active")
	part.Until(t, "a look for jobs", func() bool { return reads.Load() > 0 })
	begun := time.Now()
	part.Until(t, "two more reads of a view that is looked at", func() bool { return time.Since(begun) > 5*time.Second })
	if n := reads.Load(); n != 1 {
		t.Errorf("%d reads, want one", n)
	}
	if got := p.shown("#views"); len(got) != 0 {
		t.Errorf("there is %q", got)
	}
	p.open("jobs")
	p.awaitText("#jobs", "No active instance of this group has had a jobs file yet")
	p.open("runs/%")
	p.awaitShown("#instances")
}

func TestJobs_ProblemIsShownAndGoesAway(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.example()
	var away atomic.Bool
	p := newTab(t, b.serve(func(c *web.Config) {
		c.Jobs = func() store.Asking {
			if away.Load() {
				return nil
			}
			return b.Jobs()
		}
	}).url()+"#jobs", "503")
	p.awaitText("#jobs", "backup")
	away.Store(true)
	p.awaitText("#trouble", "The registry cannot be reached, or does not answer as it should.")
	if got := p.shown("#jobs td.first a"); len(got) != 6 {
		t.Errorf("the last known jobs are %q", got)
	}
	away.Store(false)
	part.Until(t, "the problem to go away", func() bool { return len(p.shown("#trouble")) == 0 })
}
