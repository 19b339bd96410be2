package page

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/checks/part"
	"github.com/understudy-go/understudy/status"
)

func TestPage_LostConnectionIsShownAndRestored(t *testing.T) {
	t.Parallel()
	s := newServer(t, orders())
	p := newTab(t, s.url(), "net::ERR_") // the browser's own message about it
	p.awaitHealth("1 active")
	s.stop()
	p.awaitHealth("Connection lost, retrying")
	if got := eval[string](p, "document.title"); !strings.HasPrefix(got, "○ orders: Connection lost") {
		t.Errorf("title %q", got)
	}
	if got := p.text("#detail"); !strings.HasPrefix(got, "This instance does not answer") {
		t.Errorf("detail %q", got)
	}
	if got := p.text("#known"); got != "Last known, at 12:00:00 UTC: 1 active, 2 passive" {
		t.Errorf("last known %q", got)
	}
	if n := len(p.shown("#instances tbody tr")); n != 3 {
		t.Errorf("%d instances, want the last known", n)
	}
	was := p.age()
	eval[bool](p, "redraw(), true") // as if the width had changed
	if got := p.text("#health"); got != "Connection lost, retrying" || p.age() != was {
		t.Errorf("drawn again, it says %q and an age of %v, was %v", got, p.age(), was)
	}
	s.start()
	p.awaitHealth("1 active, 2 passive")
	if got := p.shown("#known"); len(got) != 0 {
		t.Errorf("still there: %q", got)
	}
}

func TestPage_SilentRegistryIsShownUntilItAnswers(t *testing.T) {
	t.Parallel()
	s := newServer(t, orders())
	s.set(orders(), errors.New("not connected to the registry yet"))
	p := newTab(t, s.url())
	p.awaitHealth("No news from the registry, retrying")
	if got := p.shown("#detail"); !slices.Equal(got, []string{"The registry cannot be reached, or does not answer as it should."}) {
		t.Errorf("detail %q", got)
	}
	if got := p.text("#cause span"); got != "not connected to the registry yet" {
		t.Errorf("cause %q", got)
	}
	if got := p.text("#own"); !regexp.MustCompile(`^This instance, 9a8002, has been passive for 1h0\dm\. Its last acknowledged beat was sent \d\ds ago\.$`).MatchString(got) {
		t.Errorf("what it knows itself: %q", got)
	}
	s.set(orders(), nil)
	p.awaitHealth("1 active, 2 passive")
	if got := p.shown("#own, #cause"); len(got) != 0 {
		t.Errorf("still there: %q", got)
	}
	s.set(status.Group{}, errors.New("no answer from the registry within 2s"))
	p.awaitHealth("No news from the registry")
	if got := p.shown("#known"); !slices.Equal(got, []string{"Last known, at 12:00:00 UTC: 1 active, 2 passive"}) {
		t.Errorf("last known %q", got)
	}
	if got := p.shown("#cause summary"); !slices.Equal(got, []string{"What exactly went wrong"}) {
		t.Errorf("summary of the cause %q", got)
	}
	was := p.age()
	await(p, "new Promise(done => setTimeout(done, 700))")
	if now := p.age(); now != was {
		t.Errorf("an age counted up from %v to %v although there is no news", was, now)
	}
}

func TestBanner_SaysWhatTheInstanceKnowsOfItself(t *testing.T) {
	t.Parallel()
	p := newTab(t, newServer(t, orders()).url())
	p.awaitHealth("1 active")
	for self, want := range map[string]string{
		`{instance: "x-9a8001", role: "active", term: 7, forSeconds: 7800, lastBeatAgeSeconds: 12, leaseSeconds: 37}`: "This instance, 9a8001, has been active in term 7 for 2h10m. " +
			"Its last acknowledged beat was sent 12s ago. Its lease ends in 37s unless another beat is acknowledged, and its work ends before that.",
		`{instance: "x-9a8001", role: "active", term: 7, leaseSeconds: 0}`: "This instance, 9a8001, is active in term 7. Its lease has ended.",
		`{role: "passive", stage: "connecting"}`:                           "This instance, which is not registered, is passive.",
	} {
		if got := eval[string](p, "ownAccount("+self+")"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestPage_RefusalIsShownUntilThereIsRoom(t *testing.T) {
	t.Parallel()
	s := newServer(t, orders())
	full := &http.Transport{}
	var clients []*http.Response
	for {
		resp, err := (&http.Client{Transport: full}).Get(s.url() + "events")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusServiceUnavailable {
			break
		}
		clients = append(clients, resp)
	}
	p := newTab(t, s.url(), "503")
	part.Until(t, "the refusal", func() bool { return strings.HasPrefix(p.text("#detail"), "This instance refuses to send") })
	for _, v := range clients {
		v.Body.Close()
	}
	p.awaitHealth("1 active, 2 passive")
	full.CloseIdleConnections()
}
