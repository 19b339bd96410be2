package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

func TestStatusIsTheGroupAndSelf(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.state.Store(&active)
	rec := s.get(http.MethodGet, "/status")
	var got map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, rec.Body)
	}
	self, _ := got["self"].(map[string]any)
	if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/json" ||
		got["group"] != "orders" || got["healthy"] != true || got["health"] != "1 active, 0 passive" || got["instances"] == nil ||
		self["instance"] != someone.String() || self["role"] != "active" || self["term"] != 7.0 || self["stage"] != "running" || self["version"] != "v1.2.3" {
		t.Errorf("%d: %s", rec.Code, rec.Body)
	}
}

func TestStatusWithoutTheRegistryIs503AndSaysWhy(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.ask = func(context.Context) (status.Group, error) {
		return status.Group{}, errors.New("not connected \x1b[31myet\n")
	}
	s.state.Store(&State{Stage: Connecting, Role: registry.Passive})
	rec := s.get(http.MethodGet, "/status")
	want := `{"group":"orders","error":"not connected \\x1b[31myet\\x0a","self":{"role":"passive","stage":"connecting","ready":false,"version":"v1.2.3"}}` + "\n"
	if rec.Code != http.StatusServiceUnavailable || rec.Body.String() != want {
		t.Errorf("%d:\n%swant\n%s", rec.Code, rec.Body, want)
	}
}

func TestHangingRegistryIsAskedOnceAndKeepsNoProbeWaiting(t *testing.T) {
	t.Parallel()
	late := make(chan struct{})
	s := newStand(t)
	s.ask = func(context.Context) (status.Group, error) {
		<-late
		return status.Group{}, errors.New("too late")
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if rec := s.get(http.MethodGet, "/status"); rec.Code != http.StatusServiceUnavailable {
				t.Errorf("%d: %s", rec.Code, rec.Body)
			}
		})
	}
	s.await("the registry to be asked", func() bool { return s.asked.Load() > 0 })
	if code := s.get(http.MethodGet, "/healthz").Code; code != http.StatusOK {
		t.Errorf("/healthz: %d", code)
	}
	if n := s.asked.Load(); n != 1 {
		t.Errorf("%d reads hang", n)
	}
	close(late)
	all.Wait()
}

func TestFloodOfRequestsIsEncodedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var made int
		a := newAnswers(goodFor, func(context.Context) ([]byte, bool) {
			made++
			time.Sleep(time.Second)
			return []byte("{}"), true
		})
		var all sync.WaitGroup
		for range 450 {
			all.Go(func() {
				if text, ok := a.latest(); string(text) != "{}" || !ok {
					t.Errorf("%s, %v", text, ok)
				}
			})
		}
		all.Wait()
		if made != 1 {
			t.Errorf("%d answers made, want 1", made)
		}
		time.Sleep(goodFor)
		a.latest()
		if made != 2 {
			t.Errorf("%d answers made, want another after %v", made, goodFor)
		}
	})
}
