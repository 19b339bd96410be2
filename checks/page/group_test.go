//go:build unix

package page

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/checks/part"
)

// join starts an instance, and waits until it is ready.
func join(t *testing.T, registry, host string) *part.Instance {
	t.Helper()
	i := part.Start(t, map[string]string{
		"UNDERSTUDY_GROUP": "orders", "UNDERSTUDY_HOST": host,
		"UNDERSTUDY_HEARTBEAT_INTERVAL": "150ms", "UNDERSTUDY_ORPHAN_AFTER": "5s", "UNDERSTUDY_STOP_GRACE": "1s",
	}, registry)
	i.Await(t, "/readyz", http.StatusOK)
	return i
}

func TestTakeoversOfRealInstancesAppearByThemselves(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	registry := filepath.Join(t.TempDir(), "registry.db")
	a, b, c := join(t, registry, "ams-1"), join(t, registry, "fra-2"), join(t, registry, "lon-3")
	p := newTab(t, "http://"+c.Address+"/")
	active := func(host string) func() bool {
		return func() bool { return slices.Equal(p.shown("#instances tr.active td.name"), []string{host}) }
	}
	p.awaitHealth("1 active, 2 passive")
	part.Until(t, "the first to be shown as active", active("ams-1"))
	if n := len(p.shown("#instances tbody tr")); n != 3 {
		t.Errorf("%d instances", n)
	}
	if code, output := a.Run(t, "health", "--active"); code != 0 {
		t.Errorf("health of the active one: exit code %d\n%s", code, output)
	}
	if code, output := b.Run(t, "health", "--active"); code != 1 {
		t.Errorf("health of a passive one as the active one: exit code %d\n%s", code, output)
	}

	a.End(t, syscall.SIGTERM)
	part.Until(t, "the second to take over", active("fra-2"))
	p.awaitHealth("1 active, 1 passive")
	if code, output := a.Run(t, "health"); code != 1 {
		t.Errorf("health of one that left: exit code %d\n%s", code, output)
	}

	b.End(t, syscall.SIGKILL)
	p.awaitHealth("no beat from fra-2")
	part.Until(t, "the third to take over", active("lon-3"))
	p.awaitHealth("1 active, 0 passive")
	var ends []string
	for _, cells := range eval[[][]string](p, "[...document.querySelectorAll('#terms tbody tr')].map(r => [0, 1, 5].map(i => r.cells[i].textContent))") {
		ends = append(ends, strings.Join(cells, " "))
	}
	if diff := cmp.Diff([]string{"3 lon-3 goes on", "2 fra-2 orphaned", "1 ams-1 stopped"}, ends); diff != "" {
		t.Error(diff)
	}
	if got := eval[string](p, "document.title"); !strings.HasPrefix(got, "● orders: 1 active, 0 passive") {
		t.Errorf("title %q", got)
	}
}
