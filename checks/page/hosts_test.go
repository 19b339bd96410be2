package page

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/checks/part"
)

// On a phone, long names are shortened to the part that tells them apart.
func TestHosts_CanBeToldApartOnAPhone(t *testing.T) {
	t.Parallel()
	for name, host := range map[string]func(int) string{
		"a common beginning": func(i int) string { return fmt.Sprintf("reports-of-the-western-region-worker-7d9f8b6c5-x2k%02d", i) },
		"a common domain":    func(i int) string { return fmt.Sprintf("ip-10-1-23-%02d.eu-central-1.compute.internal", i) },
	} {
		g := orders()
		for i := range g.Instances {
			g.Instances[i].Host = host(i)
		}
		for i := range g.Terms {
			g.Terms[i].Host = host(i % 3)
		}
		p := newTab(t, newServer(t, g).url())
		p.awaitHealth("1 active")
		for _, width := range []int64{390, 1200} {
			p.look(width, "light")
			names := map[string]bool{}
			part.Until(t, "the names", func() bool { // they change with the width
				clear(names)
				for _, name := range p.shown("#instances td.name") {
					names[name] = true
				}
				return len(names) == 3
			})
			for i := range 3 {
				short, _, _ := strings.Cut(host(i), ".")
				if end := short[len(short)-5:]; !slices.ContainsFunc(slices.Collect(maps.Keys(names)), func(name string) bool { return strings.HasSuffix(name, end) }) {
					t.Errorf("%s at %d: nobody is called …%s: %v", name, width, end, names)
				}
			}
			if cut := eval[[]string](p, "[...document.querySelectorAll('td.name')].filter(n => n.scrollWidth > n.clientWidth + 1).map(n => n.textContent)"); len(cut) > 0 {
				t.Errorf("%s at %d: cut off at their ends: %q", name, width, cut)
			}
		}
		if got := eval[string](p, "document.querySelector('#instances td.name').title"); got != host(0) {
			t.Errorf("the title is %q", got)
		}
	}
}

func TestNumbered_ShortensVersions(t *testing.T) {
	t.Parallel()
	p := newTab(t, newServer(t, orders()).url())
	p.awaitHealth("1 active")
	for version, want := range map[string]string{
		"v1.2.3": "v1.2.3", "v0.0.0-20261127003213-120ce28b04c1": "v0.0.0-120ce28", "v1.2.4-0.20261127003213-120ce28b04c1+dirty": "v1.2.4-120ce28+dirty",
		"v1.2.4-rc.1.0.20261127003213-120ce28b04c1": "v1.2.4-120ce28", "v1.2.4-rc.1": "v1.2.4-rc.1", "": "", "120ce28b04c1": "120ce28b04c1",
	} {
		if got := eval[string](p, "numbered("+quote(version)+")"); got != want {
			t.Errorf("%s: %s, want %s", version, got, want)
		}
	}
}
