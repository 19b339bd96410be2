package page

import (
	"errors"
	"regexp"
	"testing"

	"github.com/understudy-go/understudy/checks/part"
	"github.com/understudy-go/understudy/status"
)

func TestPage_IsReadableInBothSchemesAndOnAPhone(t *testing.T) {
	t.Parallel()
	g := orders()
	g.Instances[1].Silent, g.Instances[1].OrphanIn, g.Instances[2].HoldingOff = true, 40*second, true
	s := newServer(t, g)
	p := newTab(t, s.url())
	p.awaitHealth("1 active")
	bad := g
	bad.Healthy, bad.Health = false, "no beat from ams-1"
	backgrounds := map[string]bool{}
	for _, state := range []struct {
		group status.Group
		err   error
		line  string
	}{{g, nil, "1 active"}, {bad, nil, "no beat"}, {bad, errors.New("refused"), "No news"}} {
		s.set(state.group, state.err)
		p.awaitHealth(state.line)
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{1200, 360} {
				p.look(width, scheme)
				if eval[bool](p, "document.documentElement.scrollWidth > innerWidth") {
					t.Errorf("%s at %d: the page is wider than the window", scheme, width)
				}
				backgrounds[scheme+eval[string](p, "getComputedStyle(document.body).backgroundColor")] = true
				if state.err != nil {
					continue // a snapshot that is out of date is faded
				}
				if faint := eval[[]string](p, faintText); len(faint) > 0 {
					t.Errorf("%s, %s at %d: contrast below 4.5: %q", state.line, scheme, width, faint)
				}
			}
		}
	}
	if len(backgrounds) != 2 {
		t.Errorf("backgrounds %v, want one for each scheme", backgrounds)
	}
}

// faintText lists the texts that have too little contrast to their background.
const faintText = `(() => {
	const luminance = c => c.slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const parse = text => text.match(/[\d.]+/g).map(Number);
	const behind = n => {
		for (; n; n = n.parentElement) {
			const c = parse(getComputedStyle(n).backgroundColor);
			if (c.length < 4 || c[3] === 1) return c;
		}
		return [255, 255, 255];
	};
	return [...document.querySelectorAll('body *')]
		.filter(n => n.checkVisibility() && n.getBoundingClientRect().width > 1 && [...n.childNodes].some(c => c.nodeType === 3 && c.data.trim()))
		.filter(n => {
			const [a, b] = [luminance(parse(getComputedStyle(n).color)), luminance(behind(n))];
			return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
		}).map(n => n.textContent);
})()`

func TestPage_IsAccessible(t *testing.T) {
	t.Parallel()
	p := newTab(t, newServer(t, orders()).url())
	p.awaitHealth("1 active")
	if n := eval[int](p, "document.querySelectorAll('[role=status][aria-live=polite]').length"); n != 1 {
		t.Errorf("%d live regions", n)
	}
	part.Until(t, "the live region to speak", func() bool { return p.text("[role=status]") == "1 active, 2 passive" })
	for _, table := range []string{"#instances", "#terms"} {
		heads := eval[int](p, "document.querySelectorAll("+quote(table+" th[scope=col]")+").length")
		cells := eval[int](p, "document.querySelector("+quote(table+" tbody tr")+").cells.length")
		if heads == 0 || heads != cells {
			t.Errorf("%s: %d heads of columns for %d cells", table, heads, cells)
		}
	}
	if lang := eval[string](p, "document.documentElement.lang"); lang != "en" {
		t.Errorf("language %q", lang)
	}
	if numerals := eval[string](p, "getComputedStyle(document.body).fontVariantNumeric"); numerals != "tabular-nums" {
		t.Errorf("numerals %q", numerals)
	}
}

func TestPage_WithoutScriptsPointsElsewhere(t *testing.T) {
	t.Parallel()
	p := newTab(t, newServer(t, orders()).url())
	text := p.text("noscript")
	if !regexp.MustCompile(`needs JavaScript.*/status.*understudy status`).MatchString(text) {
		t.Errorf("without JavaScript the page says %q, want what is missing, and what to use instead", text)
	}
}
