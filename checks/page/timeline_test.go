package page

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestShortAndLongTermsAndGapsAreSeen(t *testing.T) {
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
			case "gap":
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
		if diff := cmp.Diff([]string{"nobody for 1m00s", "when the work of term 2 ended is unknown", "when the work of term 4 ended is unknown"}, gaps); diff != "" {
			t.Error(diff)
		}
		for _, want := range []string{"term 5", "ams-1", ids[0].String(), "1h00m", "goes on"} {
			if last := parts[len(parts)-1].Title; !strings.Contains(last, want) {
				t.Errorf("%s is not in the title %q", want, last)
			}
		}
	}
}
