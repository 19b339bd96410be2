package page

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/checks/part"
	"github.com/understudy-go/understudy/status"
)

func TestLostConnectionIsToldAndMended(t *testing.T) {
	t.Parallel()
	s := newServer(t, orders())
	p := newTab(t, s.url(), "net::ERR_") // the browser's own words for it
	p.awaitHealth("1 active")
	s.stop()
	p.awaitHealth("Connection lost, retrying")
	if got := eval[string](p, "document.title"); !strings.HasPrefix(got, "○ orders: Connection lost") {
		t.Errorf("title %q", got)
	}
	if got := p.text("#detail"); !strings.HasPrefix(got, "This instance does not answer") {
		t.Errorf("%q", got)
	}
	if got := p.text("#known"); got != "Last known, at 12:00:00 UTC: 1 active, 2 passive" {
		t.Errorf("%q", got)
	}
	if n := len(p.shown("#instances tbody tr")); n != 3 {
		t.Errorf("%d instances, want the last known", n)
	}
	s.start()
	p.awaitHealth("1 active, 2 passive")
	if got := p.shown("#known"); len(got) != 0 {
		t.Errorf("still there: %q", got)
	}
}

func TestRegistryThatDoesNotAnswerIsToldAndMended(t *testing.T) {
	t.Parallel()
	s := newServer(t, orders())
	s.set(orders(), errors.New("not connected to the registry yet"))
	p := newTab(t, s.url())
	p.awaitHealth("No news from the registry, retrying")
	if got := p.shown("#detail"); !slices.Equal(got, []string{"not connected to the registry yet"}) {
		t.Errorf("%q", got)
	}
	s.set(orders(), nil)
	p.awaitHealth("1 active, 2 passive")
	s.set(status.Group{}, errors.New("no answer from the registry within 2s"))
	p.awaitHealth("No news from the registry")
	if got := p.shown("#known"); !slices.Equal(got, []string{"Last known, at 12:00:00 UTC: 1 active, 2 passive"}) {
		t.Errorf("%q", got)
	}
	was := p.age()
	await(p, "new Promise(done => setTimeout(done, 700))")
	if now := p.age(); now != was {
		t.Errorf("an age went on from %v to %v though nobody knows", was, now)
	}
}

func TestRefusalIsToldAndMended(t *testing.T) {
	t.Parallel()
	s := newServer(t, orders())
	full := &http.Transport{}
	var viewers []*http.Response
	for {
		resp, err := (&http.Client{Transport: full}).Get(s.url() + "events")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusServiceUnavailable {
			break
		}
		viewers = append(viewers, resp)
	}
	p := newTab(t, s.url(), "503")
	part.Until(t, "the refusal", func() bool { return strings.HasPrefix(p.text("#detail"), "This instance refuses to send") })
	for _, v := range viewers {
		v.Body.Close()
	}
	p.awaitHealth("1 active, 2 passive")
	full.CloseIdleConnections()
}
