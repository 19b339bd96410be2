package page

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"github.com/understudy-go/understudy/checks/part"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
	"github.com/understudy-go/understudy/status"
)

const markup = `<img src=x onerror=alert(1)></title></script><script>alert(2)</script>"'&amp;`

func TestPage_ShowsHostileTextAsText(t *testing.T) {
	t.Parallel()
	hostile := markup + "\x00\x1b[31m\u202eevil\u2028" + strings.Repeat("x", 300)
	g := orders()
	g.Name, g.Health = hostile, hostile
	for i := range g.Instances {
		g.Instances[i].Host, g.Instances[i].Version, g.Instances[i].Role = hostile, hostile, registry.Role(hostile)
	}
	for i := range g.Terms {
		g.Terms[i].Host, g.Terms[i].Reason = hostile, registry.Reason(hostile)
	}
	s := newServer(t, g)
	p := newTab(t, s.url())
	dialogs := chromedp.Events(p.ctx, page.JavascriptDialogOpening)
	go func() {
		for d, err := range dialogs {
			if err != nil {
				return
			}
			t.Errorf("a dialog: %s", d.Message)
		}
	}()
	p.look(1200, "light")
	p.awaitHealth(markup)
	cut := markup[:14] + "…" + strings.Repeat("x", 14)
	for selector, want := range map[string]string{
		"h1": hostile, "#health": hostile, "#instances .name": cut, "#instances .version": hostile, "#instances .role": hostile,
		"#terms .name": cut, "#terms tr:nth-child(2) td:nth-child(6)": hostile, "#strip small": cut + "/9a8003", // all instances have the same host
	} {
		part.Until(t, fmt.Sprintf("%s to be %q", selector, want), func() bool { return p.text(selector) == want })
	}
	if n := eval[int](p, "document.querySelectorAll('img, iframe, object, embed, script:not(body > script)').length"); n != 0 {
		t.Errorf("%d elements came of text", n)
	}
	p.checkReach()
	s.set(g, errors.New(hostile))
	p.awaitHealth("No news")
	eval[bool](p, "document.querySelector('#cause').open = true")
	if got := p.text("#cause span"); got != status.Visible(hostile) {
		t.Errorf("error %q", got)
	}
	p.checkReach()
}

// checkReach checks that every part of the page is within the window or can be scrolled
// to, on a desktop and on a phone.
func (p *tab) checkReach() {
	p.t.Helper()
	for _, width := range []int64{1200, 360} {
		p.look(width, "light")
		for _, box := range []string{":root", "#state", "#health", "#detail", "#cause", "h1"} {
			if eval[bool](p, "(n => n.scrollWidth > n.clientWidth)(document.querySelector("+quote(box)+"))") {
				p.t.Errorf("at %d: %s overflows", width, box)
			}
		}
		if n := eval[int](p, `[...document.querySelectorAll('main *')].filter(n => n.checkVisibility() && n.getBoundingClientRect().right > innerWidth
			&& !n.closest('.scroll, #strip')).length`); n > 0 {
			p.t.Errorf("at %d: %d elements are out of reach", width, n)
		}
		if hidden := eval[bool](p, "[...document.querySelectorAll('.scroll')].some(n => n.scrollWidth > n.clientWidth && getComputedStyle(n).overflowX !== 'auto')"); hidden {
			p.t.Errorf("at %d: a part of a table cannot be reached", width)
		}
	}
}

// TestPage_ShowsHostileRecords uses a registry with hostile records in it.
func TestPage_ShowsHostileRecords(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	reg, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "registry.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer reg.Close(ctx)
	id, _ := uuid.NewV7()
	host := "<b>\x1b[2J\u202etxt.exe\n"
	_, err = reg.Register(ctx, registry.Instance{ID: id, Group: "orders", Host: host, Version: host, Schema: registry.Schema, Status: registry.Status{Role: "passive", Candidate: true}})
	if err == nil {
		err = reg.BeginTerm(ctx, registry.Term{Group: "orders", Number: 1, Holder: id, Host: host, Schema: registry.Schema})
	}
	if err != nil {
		t.Fatal(err)
	}
	g, err := status.Observe(ctx, reg, "orders", 20)
	if err != nil {
		t.Fatal(err)
	}
	p := newTab(t, newServer(t, g).url())
	p.awaitHealth("1 active")
	const want = `<b>\x1b[2J\u202etxt.exe\x0a`
	p.look(1200, "light")
	for _, selector := range []string{"#instances td.name", "#instances td.version", "#terms td.name", "#strip small"} {
		part.Until(t, fmt.Sprintf("%s to be %q", selector, want), func() bool { return p.text(selector) == want })
	}
}

func TestPolicy_ForbidsWhatThePageDoesNotDo(t *testing.T) {
	t.Parallel()
	s := newServer(t, orders())
	other := newServer(t, orders())
	p := newTab(t, s.url(), "Content Security Policy", "Content-Security-Policy", "TrustedHTML", "TrustedScript", "Refused", "frame", "ERR_BLOCKED", "CORS", "Fetch API")
	p.awaitHealth("1 active")
	eval[bool](p, `(() => {
		const attempt = f => { try { f() } catch { } };
		attempt(() => { document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.broken = 1">') });
		attempt(() => { const n = document.createElement('script'); n.textContent = 'window.broken = 2'; document.body.append(n) });
		attempt(() => { document.body.setAttribute('onclick', 'window.broken = 3'); document.body.click() });
		return true;
	})()`)
	fetched := await(p, "fetch("+quote(other.url()+"status")+", {mode: 'no-cors'}).then(() => 'fetched', () => 'refused')")
	if fetched != "refused" {
		t.Errorf("another origin: %s", fetched)
	}
	if broken := eval[int](p, "window.broken || 0"); broken != 0 {
		t.Errorf("attempt %d ran", broken)
	}
	part.Until(t, "the browser to report that it enforces the policy", func() bool {
		return strings.Contains(strings.Join(p.console(), "\n"), "Content Security Policy")
	})
}
