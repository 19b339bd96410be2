// Package page checks the page in a real browser.
package page

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/understudy-go/understudy/checks/part"
)

const patience = 40 * time.Second

func TestMain(m *testing.M) {
	code := part.Main(m)
	closeBrowser()
	os.Exit(code)
}

var closeBrowser = func() {}

// browser returns the browser that all tests share.
var browser = sync.OnceValues(func() (context.Context, error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	closeBrowser = func() {
		_ = chromedp.Cancel(ctx)
		cancel()
	}
	return ctx, chromedp.Do(ctx)
})

var chromium string // set before browser is called

// tab is one tab of the browser.
type tab struct {
	t        *testing.T
	ctx      context.Context
	mu       sync.Mutex
	messages []string
}

// needBrowser skips a test if there is no browser.
func needBrowser(t *testing.T) context.Context {
	t.Helper()
	path := part.Need(t, "chromium", "package chromium")
	finding.Do(func() { chromium = path })
	ctx, err := browser()
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
	return ctx
}

var finding sync.Once

// newTab opens a page. At the end of the test the console must be empty, except for lines
// that contain one of the expected texts. Errors and violations of the policy are
// reported on the console too.
func newTab(t *testing.T, url string, expected ...string) *tab {
	t.Helper()
	parent := needBrowser(t)
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	p := &tab{t: t, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("tab: %v", err)
	}
	var reading sync.WaitGroup
	console := chromedp.Console(ctx)
	reading.Go(func() {
		for m, err := range console {
			if err != nil {
				return
			}
			p.mu.Lock()
			p.messages = append(p.messages, fmt.Sprintf("%s: %s (%s)", m.Type, m.Text, m.Source))
			p.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the page: %s", strings.Join(p.shown("body"), ""))
		}
		cancel()
		reading.Wait()
		for _, m := range p.console() {
			known := false
			for _, e := range expected {
				known = known || strings.Contains(m, e)
			}
			if !known {
				t.Errorf("on the console: %s", m)
			}
		}
	})
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatalf("open %s: %v", url, err)
	}
	return p
}

// console returns the lines on the console.
func (p *tab) console() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.messages[:len(p.messages):len(p.messages)]
}

// eval evaluates an expression in the page.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// await evaluates an expression and waits for its promise.
func await(p *tab, expression string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[string]("(async () => String(await "+expression+"))()", chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

func quote(text string) string {
	data, _ := json.Marshal(text)
	return string(data)
}

// text returns the text of the first element that a selector finds.
func (p *tab) text(selector string) string {
	p.t.Helper()
	return eval[string](p, "document.querySelector("+quote(selector)+")?.textContent ?? ''")
}

// shown returns the texts of all visible elements that a selector finds.
func (p *tab) shown(selector string) []string {
	p.t.Helper()
	return eval[[]string](p, "[...document.querySelectorAll("+quote(selector)+")].filter(n => n.checkVisibility()).map(n => n.innerText)")
}

// awaitHealth waits until the first line of the banner contains a text.
func (p *tab) awaitHealth(text string) {
	p.t.Helper()
	part.Until(p.t, "health: "+text, func() bool { return strings.Contains(p.text("#health"), text) })
}

// look sets the width of the window and the colour scheme.
func (p *tab) look(width int64, scheme string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err == nil {
		err = chromedp.Do(p.ctx, chromedp.EmulateViewport(width, 800))
	}
	if err != nil {
		p.t.Fatal(err)
	}
}
