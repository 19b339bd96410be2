package page

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/checks/part"
	"github.com/understudy-go/understudy/registry"
)

func TestTimeline_ShowsShortAndLongTermsAndGaps(t *testing.T) {
	t.Parallel()
	p := newTab(t, newServer(t, orders()).url())
	p.awaitHealth("1 active")
	for _, width := range []int64{1200, 360} {
		p.look(width, "light")
		type part struct {
			Class, Title, Colour string
			Width                float64
		}
		parts := eval[[]part](p, `[...document.querySelectorAll('#strip li')].map(n => ({class: n.className, title: n.title,
			colour: getComputedStyle(n).backgroundColor, width: n.getBoundingClientRect().width}))`)
		var widths []float64
		var colours, gaps []string
		for _, q := range parts {
			switch q.Class {
			case "term":
				widths, colours = append(widths, q.Width), append(colours, q.Colour)
			case "gap", "gap unsure":
				gaps = append(gaps, q.Title)
				if q.Width < 4 {
					t.Errorf("at %d: a gap of %v pixels", width, q.Width)
				}
			}
		}
		if len(widths) != 5 || slices.Min(widths) < 8 || slices.Max(widths) != widths[2] || widths[2] < 5*widths[1] {
			t.Errorf("at %d: widths %v", width, widths)
		}
		if colours[0] != colours[3] || colours[1] != colours[4] && colours[2] == colours[0] || colours[0] == colours[2] || colours[2] == colours[1] {
			t.Errorf("colours %v, want one per host", colours)
		}
		if diff := cmp.Diff([]string{"nobody was active for 1m00s", "it is not known when the work of term 2 ended", "it is not known when the work of term 4 ended"}, gaps); diff != "" {
			t.Error(diff)
		}
		for _, want := range []string{"term 5", "ams-1", ids[0].String(), "1h00m", "goes on"} {
			if last := parts[len(parts)-1].Title; !strings.Contains(last, want) {
				t.Errorf("%s is not in the title %q", want, last)
			}
		}
	}
}

// segment is one part of the timeline.
type segment struct {
	Class, Title string
	Width        float64
}

func (p *tab) segments() []segment {
	p.t.Helper()
	return eval[[]segment](p, "[...document.querySelectorAll('#strip li')].map(n => ({class: n.className, title: n.title, width: n.getBoundingClientRect().width}))")
}

// It is not known whether an orphan worked in the last minute before it was replaced, so
// that minute is not drawn as a part of its term.
func TestTimeline_StripesSilenceBeforeTakeover(t *testing.T) {
	t.Parallel()
	g := orders()
	most := 61 * second
	g.Terms = g.Terms[:2]
	g.Terms[0].From, g.Terms[0].Length = g.At.Add(-60e9), 60*second
	old := &g.Terms[1]
	old.From, old.To, old.Length, old.AtMost = g.At.Add(-180e9), g.At.Add(-60e9), 120*second, true
	old.Silence, old.GapAtMost = 60*second, &most
	p := newTab(t, newServer(t, g).url())
	p.awaitHealth("1 active")
	got := p.segments()
	if len(got) != 3 || got[0].Class != "term" || got[1].Class != "gap unsure" || got[2].Class != "term" {
		t.Fatalf("%+v", got)
	}
	if ratio := got[1].Width / got[0].Width; ratio < 0.95 || ratio > 1.1 {
		t.Errorf("of 120 s the holder was silent for 60: %+v", got)
	}
	if want := "nobody was active for at most 1m01s, counted from the last beat in term 4"; got[1].Title != want {
		t.Errorf("%q, want %q", got[1].Title, want)
	}
	if got := rows(p)[1]; !strings.HasSuffix(got, "orphaned ≤ 1m01s") {
		t.Errorf("row %q, want an upper bound of the gap at its end", got)
	}
}

func TestPage_ShowsSilenceOfTheActiveOne(t *testing.T) {
	t.Parallel()
	g := orders()
	g.Healthy, g.Health = false, "no beat from ams-1/9a8001 for 22s; fra-2/9a8002 takes over in 38s; 2 passive"
	g.Instances[0].Silent, g.Instances[0].Age, g.Instances[0].OrphanIn = true, 22*second, 38*second
	g.Terms = g.Terms[:1]
	g.Terms[0].From, g.Terms[0].Length, g.Terms[0].Silence = g.At.Add(-44e9), 44*second, 22*second
	p := newTab(t, newServer(t, g).url())
	p.awaitHealth("no beat from")
	if got := p.text("#detail"); got != "It is not known whether ams-1 still works" {
		t.Errorf("detail %q", got)
	}
	if got := p.shown("#instances tbody tr:first-child .role"); !slices.Equal(got, []string{"active, silent"}) {
		t.Errorf("role %q", got)
	}
	if got := rows(p)[0]; !strings.Contains(got, "silent for 2") || strings.Contains(got, "goes on") {
		t.Errorf("row %q, want the silence, and not that the term goes on", got)
	}
	part.Until(t, "the silence to count up", func() bool { return strings.Contains(rows(p)[0], "silent for 24s") })
	got := p.segments()
	if len(got) != 2 || got[0].Class != "term" || got[1].Class != "gap now" || !strings.HasPrefix(got[1].Title, "ams-1 has been silent for 2") || got[1].Width < 0.8*got[0].Width {
		t.Errorf("%+v", got)
	}
}

func TestTimeline_StripesTermWithoutWork(t *testing.T) {
	t.Parallel()
	g := orders()
	g.Terms[1].Reason = registry.NotReady
	p := newTab(t, newServer(t, g).url())
	p.awaitHealth("1 active")
	if got := eval[[]string](p, "[...document.querySelectorAll('#strip .idle')].map(n => n.textContent)"); !slices.Equal(got, []string{"4lon-3"}) {
		t.Errorf("drawn as without work: %q", got)
	}
}

func TestTimeline_InstancesOfOneHostHaveTheirOwnColours(t *testing.T) {
	t.Parallel()
	colours := func(hosts ...string) []string {
		g := orders()
		for i := range g.Instances {
			g.Instances[i].Host = hosts[i]
			for n := range g.Terms {
				if g.Terms[n].Holder == g.Instances[i].ID {
					g.Terms[n].Host = hosts[i]
				}
			}
		}
		p := newTab(t, newServer(t, g).url())
		p.awaitHealth("1 active")
		return eval[[]string](p, "[...document.querySelectorAll('#terms .swatch')].map(n => getComputedStyle(n).backgroundColor)")
	}
	// The terms were held by the first, third, second, first and third.
	for _, hosts := range [][]string{{"vm", "vm", "vm"}, {"vm", "vm", "other"}, {"a", "b", "c"}} {
		got := colours(hosts...)
		if len(got) != 5 || got[0] != got[3] || got[1] != got[4] || got[0] == got[1] || got[0] == got[2] || got[1] == got[2] {
			t.Errorf("%v: colours %v, want one for each instance", hosts, got)
		}
	}
	// An instance that was started again on its host keeps the colour of the host.
	g := orders()
	g.Terms[0].Holder = registry.Instance{}.ID
	p := newTab(t, newServer(t, g).url())
	p.awaitHealth("1 active")
	if got := eval[[]string](p, "[...document.querySelectorAll('#terms .swatch')].map(n => getComputedStyle(n).backgroundColor)"); got[0] != got[3] {
		t.Errorf("colours %v of one host, want one", got)
	}
}
