package metrics

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/understudy-go/understudy/status"
)

func hasInstances(t *testing.T, m *Metrics) bool {
	t.Helper()
	text := scraped(t, m)
	if len(ours(text, "active")) != 1 {
		t.Error("a scrape without understudy_active")
	}
	return len(ours(text, "instances")) > 0
}

func TestScrape_HangingRegistryDelaysItTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := source()
		s.Snapshot = status.NewLookout(0, func(context.Context) (status.Group, error) {
			<-release
			return status.Group{}, nil
		}).Snapshot
		begin := time.Now()
		if hasInstances(t, New(s)) {
			t.Error("the answer has instances although the registry does not answer")
		}
		if took := time.Since(begin); took != status.ReadLimit {
			t.Errorf("the scrape took %v, want %v", took, status.ReadLimit)
		}
		close(release)
	})
}

func TestHandler_RefusesTooManyScrapesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := source()
		s.Snapshot = func(context.Context) (status.Group, error) {
			<-release
			return status.Group{}, nil
		}
		m := New(s)
		var wait sync.WaitGroup
		for range maxScrapes {
			wait.Go(func() { hasInstances(t, m) })
		}
		synctest.Wait()
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		if w.Code != http.StatusServiceUnavailable {
			t.Errorf("status %d, want 503", w.Code)
		}
		close(release)
		wait.Wait()
	})
}

func TestScrape_FailedLookShowsNoInstances(t *testing.T) {
	s := source()
	var err error
	s.Snapshot = func(context.Context) (status.Group, error) { return status.Group{}, err }
	m := New(s)
	for _, err = range []error{nil, errors.New("the registry is down"), nil} {
		if got, want := hasInstances(t, m), err == nil; got != want {
			t.Errorf("with error %v, instances shown: %v", err, got)
		}
	}
}
