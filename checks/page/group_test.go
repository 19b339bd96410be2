//go:build unix

package page

import (
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/checks/part"
)

// join starts an instance and waits until it is ready.
func join(t *testing.T, registry, host string) *part.Instance {
	t.Helper()
	i := part.Start(t, map[string]string{
		"UNDERSTUDY_GROUP": "orders", "UNDERSTUDY_HOST": host,
		"UNDERSTUDY_HEARTBEAT_INTERVAL": "150ms", "UNDERSTUDY_ORPHAN_AFTER": "15s", "UNDERSTUDY_STOP_GRACE": "1s",
	}, registry)
	i.Await(t, "/readyz", http.StatusOK)
	return i
}

func TestPage_ShowsTakeoversOfRealInstances(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	registry := filepath.Join(t.TempDir(), "registry.db")
	a := join(t, registry, "ams-1")
	a.Await(t, "/activez", http.StatusOK)
	// This test does not expect a certain one of the others to be next. The page of each
	// of them shows which one it is.
	others, tabs := map[string]*part.Instance{}, map[string]*tab{}
	for _, host := range []string{"fra-2", "lon-3"} {
		others[host] = join(t, registry, host)
		tabs[host] = newTab(t, "http://"+others[host].Address+"/", "net::ERR_") // messages about the one that is killed
	}
	active := func(p *tab, hosts ...string) (host string) {
		t.Helper()
		part.Until(t, "one of "+strings.Join(hosts, ", ")+" to be shown as active", func() bool {
			names := p.shown("#instances tr.active td.name")
			host = strings.Join(names, " and ")
			return slices.Contains(hosts, host)
		})
		return host
	}
	for _, p := range tabs {
		p.awaitHealth("1 active, 2 passive")
		active(p, "ams-1")
		if n := len(p.shown("#instances tbody tr")); n != 3 {
			t.Errorf("%d instances", n)
		}
	}
	part.Until(t, "health of the active one", func() bool {
		code, output := a.Run(t, "health", "--active")
		if code != 0 {
			t.Logf("exit code %d\n%s", code, output)
		}
		return code == 0
	})
	for host, i := range others {
		if code, output := i.Run(t, "health", "--active"); code != 1 {
			t.Errorf("health of %s, a passive one, as the active one: exit code %d\n%s", host, code, output)
		}
	}

	a.End(t, syscall.SIGTERM)
	second := active(tabs["fra-2"], "fra-2", "lon-3")
	for _, p := range tabs {
		active(p, second)
		p.awaitHealth("1 active, 1 passive")
	}
	if code, output := a.Run(t, "health"); code != 1 {
		t.Errorf("health of one that left: exit code %d\n%s", code, output)
	}

	crashed := "crashed"
	if runtime.GOOS != "linux" { // it has no last will
		crashed = "orphaned"
	}
	others[second].End(t, syscall.SIGKILL)
	delete(others, second)
	for third := range others {
		p := tabs[third]
		active(p, third)
		p.awaitHealth("1 active, 0 passive")
		if got := eval[string](p, "document.title"); !strings.HasPrefix(got, "● orders: 1 active, 0 passive") {
			t.Errorf("title %q", got)
		}
		want := [][]string{{"3", third, "goes on"}, {"2", second, crashed}, {"1", "ams-1", "stopped"}}
		part.Until(t, "the terms of all three", func() bool { // the end of a term is recorded after the next one began
			got := eval[[][]string](p, "[...document.querySelectorAll('#terms tbody tr')].map(r => [0, 1, 5].map(i => r.cells[i].textContent))")
			return cmp.Equal(want, got)
		})
	}
}
