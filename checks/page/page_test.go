package page

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/understudy-go/understudy/checks/part"
	"github.com/understudy-go/understudy/registry"
)

func TestPage_ShowsTheGroup(t *testing.T) {
	t.Parallel()
	p := newTab(t, newServer(t, orders()).url())
	p.awaitHealth("1 active, 2 passive")
	if got := p.text("h1"); got != "orders" {
		t.Errorf("heading %q", got)
	}
	if got := eval[string](p, "document.title"); got != "● orders: 1 active, 2 passive" {
		t.Errorf("title %q", got)
	}
	if got := p.text("#detail"); !strings.HasPrefix(got, "ams-1 has been active in term 5 for 1h00m") {
		t.Errorf("below it %q", got)
	}
	roles := p.shown("#instances tbody td:nth-child(1)")
	hosts := p.shown("#instances tbody td:nth-child(2)")
	if diff := cmp.Diff([][]string{{"active", "passive", "passive"}, {"ams-1", "fra-2", "lon-3"}}, [][]string{roles, hosts}); diff != "" {
		t.Error(diff)
	}
	if got := p.shown("#instances tr.active td.name"); !slices.Equal(got, []string{"ams-1"}) {
		t.Errorf("marked as active: %q", got)
	}
	if got := p.shown("#instances tbody tr:nth-child(2)"); len(got) != 1 || !strings.Contains(got[0], "this page") {
		t.Errorf("the instance that serves the page: %q", got)
	}
	if diff := cmp.Diff([]string{
		"5 ams-1 1h00m 11:00:00  goes on",
		"4 lon-3 ≤ 1h00m 10:00:00 11:00:00 orphaned unknown",
		"3 fra-2 10d00h 2026-02-22 10:00:00 10:00:00 handed over 10ms",
		"2 ams-1 ≤ 0.1s 2026-02-22 10:00:00 2026-02-22 10:00:00 lease lost unknown",
		"1 lon-3 59m00s 2026-02-22 09:00:00 2026-02-22 09:59:00 work failed 1m00s",
	}, rows(p)); diff != "" {
		t.Error(diff)
	}
}

// rows returns the rows of the table of terms without the UUID.
func rows(p *tab) []string {
	p.t.Helper()
	list := eval[[][]string](p, "[...document.querySelectorAll('#terms tbody tr')].map(r => [...r.cells].slice(0, 7).map(c => c.textContent))")
	var joined []string
	for _, cells := range list {
		joined = append(joined, strings.TrimSpace(strings.Join(cells, " ")))
	}
	return joined
}

func TestInstances_LargeGroupShowsWhatMatters(t *testing.T) {
	t.Parallel()
	g := orders()
	for range 996 {
		in := g.Instances[1]
		in.ID, in.Host = uuid.New(), "many"
		g.Instances = append(g.Instances, in)
	}
	silent := g.Instances[2]
	silent.ID, silent.Host, silent.Silent = uuid.New(), "silent", true
	g.Instances = append(g.Instances, silent)
	p := newTab(t, newServer(t, g).url())
	p.awaitHealth("1 active")
	if got := p.shown("#instances td.name"); len(got) != 8 || !slices.Equal(got[:4], []string{"ams-1", "fra-2", "silent", "lon-3"}) {
		t.Errorf("%d instances, first %q", len(got), got[:min(len(got), 4)])
	}
	const fold = "#instances tbody tr:last-child button"
	if got := p.shown(fold); !slices.Equal(got, []string{"… and 992 more passive ones"}) || p.text("#count") != "1000" {
		t.Errorf("those who are not shown: %q; count %q", got, p.text("#count"))
	}
	eval[bool](p, "document.querySelector("+quote(fold)+").click(), true")
	part.Until(t, "the others", func() bool { return slices.Equal(p.shown(fold), []string{"show fewer"}) })
	if got := p.text("#count"); got != "1000, 200 of them shown" {
		t.Errorf("count %q", got)
	}
	if got := p.shown("#instances td.name"); len(got) != 200 || !slices.Equal(got[:4], []string{"ams-1", "fra-2", "silent", "lon-3"}) {
		t.Errorf("%d instances, first %q", len(got), got[:min(len(got), 4)])
	}
}

func TestInstances_FoldsOnlyThoseThatAreAlike(t *testing.T) {
	t.Parallel()
	g := orders()
	for i := range 40 {
		in := g.Instances[2]
		in.ID, in.Host = uuid.New(), fmt.Sprintf("worker-%02d", i)
		switch {
		case i == 30:
			in.HoldingOff = true
		case i == 31:
			in.Silent = true
		case i == 32:
			in.Version = "v2"
		case i == 33:
			in.Priority = 7
		case i >= 34:
			in.Version = "v3" // six are too few to be folded
		}
		g.Instances = append(g.Instances, in)
	}
	p := newTab(t, newServer(t, g).url())
	p.awaitHealth("1 active")
	want := []string{"ams-1", "fra-2", "lon-3", "worker-00", "worker-01", "worker-02", "worker-03", "worker-30", "worker-31", "worker-32", "worker-33",
		"worker-34", "worker-35", "worker-36", "worker-37", "worker-38", "worker-39"}
	if diff := cmp.Diff(want, p.shown("#instances td.name")); diff != "" {
		t.Error(diff)
	}
	if got := p.shown("#instances tr.fold"); !slices.Equal(got, []string{"… and 26 more passive ones"}) {
		t.Errorf("fold %q", got)
	}
	small := orders()
	p = newTab(t, newServer(t, small).url())
	p.awaitHealth("1 active")
	if got := p.shown("#instances tr.fold"); len(got) != 0 {
		t.Errorf("of three instances: %q", got)
	}
}

func TestPage_AgesCountUpBetweenSnapshots(t *testing.T) {
	t.Parallel()
	p := newTab(t, newServer(t, orders()).url()) // its snapshots are all of the same instant
	p.awaitHealth("1 active")
	part.Until(t, "the age to pass three seconds", func() bool { return p.age() > 3 })
	// An event makes one change by itself, however late it comes.
	eval[bool](p, `window.changes = window.most = 0,
		new MutationObserver(() => { most = Math.max(most, ++changes) })
			.observe(document.querySelector('#instances td.age'), {childList: true, subtree: true, characterData: true}),
		(before => { received = event => { changes = 0; before(event) } })(received), true`)
	part.Until(t, "three changes from one event to the next", func() bool { return eval[int](p, "most") >= 3 })
}

// age returns the first age that is shown, in seconds.
func (p *tab) age() float64 {
	p.t.Helper()
	text := p.text("#instances td.age")
	s, err := strconv.ParseFloat(strings.TrimSuffix(text, "s ago"), 64)
	if err != nil {
		p.t.Fatalf("age %q", text)
	}
	return s
}

func TestPage_ShowsChangesByItself(t *testing.T) {
	t.Parallel()
	s := newServer(t, orders())
	p := newTab(t, s.url())
	p.awaitHealth("1 active")
	eval[bool](p, "document.querySelector('#instances tbody tr:nth-child(3)').dataset.mine = 'kept', true")
	g := orders()
	g.Healthy, g.Health, g.At = false, "no active since 12:00:00 UTC", g.At.Add(60e9)
	g.Instances = g.Instances[1:]
	g.Terms[0].To, g.Terms[0].Reason = g.At.Add(-60e9), registry.Stopped
	s.set(g, nil)
	p.awaitHealth("no active since")
	if got := p.shown("#instances tbody td.name"); !slices.Equal(got, []string{"fra-2", "lon-3"}) {
		t.Errorf("instances %q", got)
	}
	if got := eval[[]string](p, "[...document.querySelectorAll('#instances tbody tr')].map(r => r.dataset.mine || '')"); !slices.Equal(got, []string{"", "kept"}) {
		t.Errorf("rows %q: those that stay are to be kept, for whoever selects text", got)
	}
	if got := eval[string](p, "document.title"); !strings.HasPrefix(got, "▲ orders: no active") {
		t.Errorf("title %q", got)
	}
	if got := eval[[]string](p, "[...document.querySelectorAll('#strip .gap.now')].map(n => n.title)"); len(got) != 1 || !strings.HasPrefix(got[0], "nobody was active for 1m0") {
		t.Errorf("the gap that lasts: %q", got)
	}
	if icon := eval[string](p, "document.querySelector('#icon').href"); !strings.Contains(icon, "dc2626") {
		t.Errorf("icon %s", icon)
	}
}

func TestBanner_FinishedWorkIsNoAlarm(t *testing.T) {
	t.Parallel()
	g := orders()
	g.Healthy, g.Done, g.Health, g.Instances = false, true, "work done at 11:00:00 UTC", nil
	p := newTab(t, newServer(t, g).url())
	p.awaitHealth("work done")
	if got := eval[string](p, "document.title"); !strings.HasPrefix(got, "■ orders: work done") {
		t.Errorf("title %q", got)
	}
	if got := eval[string](p, "document.getElementById('state').className"); got != "card done" {
		t.Errorf("its class is %q", got)
	}
}
