package page

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/checks/part"
	"github.com/understudy-go/understudy/jobs/api"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/web"
)

const secretToken = "correct-horse-battery-staple"

// withAPI has the API of jobs served too, with a token.
func (b *book) withAPI() func(*web.Config) {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(secretToken+"\n"), 0o600); err != nil {
		b.t.Fatal(err)
	}
	tokens, err := api.OpenTokenFile(path, zerolog.Nop())
	if err != nil {
		b.t.Fatal(err)
	}
	return func(c *web.Config) {
		c.API = api.New(api.Config{Group: "orders", Store: func() store.Asking { return b.Jobs() }, Tokens: tokens, Log: zerolog.Nop()})
		c.HasToken = true
	}
}

// press clicks the first visible button that has this text.
func (p *tab) press(text string) {
	p.t.Helper()
	part.Until(p.t, "a button "+text, func() bool {
		return eval[bool](p, "(n => n ? (n.click(), true) : false)([...document.querySelectorAll('button')].find(n => n.checkVisibility() && !n.disabled && n.textContent === "+quote(text)+"))")
	})
}

// fill writes into the dialog, and goes on.
func (p *tab) fill(text string) {
	p.t.Helper()
	p.awaitShown("#dialog")
	eval[bool](p, "document.querySelector('#dialog input').value = "+quote(text)+", document.querySelector('#dialog form').requestSubmit(), true")
}

func (p *tab) awaitText(selector, text string) {
	p.t.Helper()
	part.Until(p.t, selector+" to have "+text, func() bool { return strings.Contains(strings.Join(p.shown(selector), "\n"), text) })
}

func (b *book) read(k store.Key) store.Run {
	b.t.Helper()
	r, err := b.Jobs().Run(b.t.Context(), k)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// TestToken_IsAskedForOnceAndKeptForTheTab goes through all that the page can ask for.
func TestToken_IsAskedForOnceAndKeptForTheTab(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	running, failed := b.example()
	// A browser notes an answer of 401 on the console.
	p := newTab(t, b.serve(b.withAPI()).url()+"#jobs/invoices", "401")
	p.awaitText("#job .asks", "Run now")

	p.press("Run now")
	p.awaitText("#dialog", "Run invoices now?")
	p.fill(`{"day": "<b>"}`)
	p.awaitText("#dialog", "Token of the API")
	if kind := eval[string](p, "document.querySelector('#dialog input').type"); kind != "password" {
		t.Errorf("the token is typed into a field of type %s", kind)
	}
	p.fill("wrong-token-wrong-token")
	p.awaitText("#dialog", "This token was refused")
	p.fill(secretToken)
	p.awaitText("#answer", "A run of invoices was asked for")
	runs, err := b.Jobs().Runs(t.Context(), "orders", store.Filter{Job: "invoices", States: []store.State{store.Waiting}, Limit: 10})
	if err != nil || len(runs) != 1 || runs[0].Trigger != store.ByPerson {
		t.Fatalf("waiting runs %+v, %v; want the one that was asked for", runs, err)
	}
	if payload, err := b.Jobs().Payload(t.Context(), runs[0].Key); err != nil || string(payload) != `{"day": "<b>"}` {
		t.Errorf("payload %q, %v", payload, err)
	}
	if kept := eval[string](p, "sessionStorage.getItem('understudy-token')"); kept != secretToken {
		t.Errorf("the tab keeps %q", kept)
	}
	if others := eval[int](p, "localStorage.length + document.cookie.length"); others != 0 {
		t.Error("the token is kept for longer than the tab")
	}

	p.press("Pause")
	p.fill("<b>billing</b> is down")
	p.awaitText("#job", "paused by HTTP from 127.0.0.1: <b>billing</b> is down")
	p.press("Resume")
	p.awaitText("#answer", "goes on")
	part.Until(t, "the job to go on", func() bool { return !strings.Contains(strings.Join(p.shown("#job"), ""), "paused by") })

	if err := chromedp.Do(p.ctx, chromedp.Reload()); err != nil {
		t.Fatal(err)
	}
	p.awaitText("#job .asks", "Run now")
	p.open("runs/invoices/" + failed.Run)
	p.awaitText("#output", "no connection to billing")
	p.press("Retry")
	p.awaitText("#run dl", "waiting")
	if r := b.read(failed); r.State != store.Waiting {
		t.Errorf("the run is %s, want that it waits again", r.State)
	}

	p.open("runs/backup/" + running.Run)
	p.awaitText("#output", "copying")
	p.awaitText("#run dl", "42 %, copying table orders")
	p.press("Cancel")
	p.fill("wrong day")
	p.awaitText("#run dl", "by HTTP from 127.0.0.1: wrong day")
	if c := b.read(running).Cancel; c == nil || c.Why != "wrong day" {
		t.Errorf("request %+v", c)
	}
	if got := p.shown("#run .asks button"); len(got) != 0 {
		t.Errorf("buttons %q, want none: it was cancelled already", got)
	}
}

func TestToken_GoingBackAsksForNothing(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.example()
	p := newTab(t, b.serve(b.withAPI()).url()+"#jobs")
	p.awaitText("#jobs", "invoices")
	back := func() { p.press("Back") }
	escape := func() { eval[bool](p, "document.querySelector('#dialog').close(), true") }
	for _, leave := range []func(){
		back, escape,
		func() { p.fill(""); p.awaitText("#dialog", "Token of the API"); back() },
		func() { p.fill(""); p.awaitText("#dialog", "Token of the API"); escape() },
	} {
		p.press("Run now")
		p.awaitText("#dialog", "now?")
		leave()
		part.Until(t, "the dialog to close", func() bool { return len(p.shown("#dialog")) == 0 })
	}
	if waiting, err := b.Jobs().Runs(t.Context(), "orders", store.Filter{States: []store.State{store.Waiting}, Limit: 10}); err != nil || len(waiting) != 2 {
		t.Errorf("%d runs wait, %v; want the two of before", len(waiting), err)
	}
}

func TestOutput_IsFollowedWhileTheRunGoesOn(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	running, _ := b.example()
	p := newTab(t, b.serve(b.withAPI()).url()+"#runs/backup/"+running.Run, "404")
	p.press("Enter the token")
	p.fill(secretToken)
	p.awaitText("#output", "copying")
	p.awaitText("#output-title", "live")
	const hostile = "<script>alert(1)</script>\x1b[31mred\u202egnp.exe\x00\r\n"
	offset := int64(len("begin\ncopying\n"))
	if err := b.Jobs().AppendChunk(t.Context(), b.Holder, running, 2, 1, offset, []byte(hostile)); err != nil {
		t.Fatal(err)
	}
	const want = "begin\ncopying\n" + `<script>alert(1)</script>\x1b[31mred\u202egnp.exe\x00` + "\n"
	part.Until(t, "the next piece", func() bool { return p.text("#output") == want })
	text := "begin\ncopying\n" + hostile
	b.update(running, func(r *store.Run) {
		r.Output = store.Output{Head: []byte(text + "end\n"), Bytes: int64(len(text) + 4)}
		r.Result = []byte("<img src=x onerror=alert(1)>")
		*r = over(*r, store.Completed, store.AttemptCompleted, 0, 0)
	})
	p.awaitText("#run dl", "completed")
	part.Until(t, "the output as a whole", func() bool {
		return p.text("#output") == want+"end\n" && !strings.Contains(p.text("#output-title"), "live")
	})
	if got := p.shown("#result"); !slices.Equal(got, []string{"<img src=x onerror=alert(1)>"}) {
		t.Errorf("result %q", got)
	}
	if n := eval[int](p, "document.querySelectorAll('img, main script').length"); n != 0 {
		t.Errorf("%d elements came of text", n)
	}
	// Another run begins with an empty output.
	p.open("runs/invoices/none")
	p.awaitText("#trouble", "The job invoices has no run none.")
}
