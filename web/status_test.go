package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

func TestStatus_ShowsGroupAndSelf(t *testing.T) {
	t.Parallel()
	s := newFixture(t)
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

func TestStatus_WithoutRegistryIs503AndSaysWhy(t *testing.T) {
	t.Parallel()
	s := newFixture(t)
	s.ask = func(context.Context) (status.Group, error) {
		return status.Group{}, errors.New("not connected \x1b[31myet\n")
	}
	s.state.Store(&State{Stage: Connecting, Role: registry.Passive})
	rec := s.get(http.MethodGet, "/status")
	want := `{"group":"orders","problem":"This instance is not connected to the registry yet.","error":"not connected \\x1b[31myet\\x0a","self":{"role":"passive","stage":"connecting","ready":false,"version":"v1.2.3"}}` + "\n"
	if rec.Code != http.StatusServiceUnavailable || rec.Body.String() != want {
		t.Errorf("%d:\n%swant\n%s", rec.Code, rec.Body, want)
	}
}

func TestStatus_ShowsSelfWithoutRegistry(t *testing.T) {
	t.Parallel()
	s := newFixture(t)
	s.ask = func(context.Context) (status.Group, error) { return status.Group{}, errors.New("away") }
	type seconds = map[string]float64
	known := active
	known.Lease, known.Since, known.LastBeat = 37*time.Second, time.Now().Add(-time.Hour), time.Now().Add(-12*time.Second)
	ended := known
	ended.Lease = -time.Second
	passive := known
	passive.Role, passive.Term, passive.Since = registry.Passive, 0, time.Now().Add(time.Hour) // the clock was set back
	for name, tt := range map[string]struct {
		state State
		want  seconds
	}{
		"active":              {known, seconds{"forSeconds": 3600, "lastBeatAgeSeconds": 12, "leaseSeconds": 37}},
		"its lease has ended": {ended, seconds{"forSeconds": 3600, "lastBeatAgeSeconds": 12, "leaseSeconds": 0}},
		"passive":             {passive, seconds{"forSeconds": 0, "lastBeatAgeSeconds": 12}},
		"nothing is known":    {State{Stage: Running, Role: registry.Passive}, nil},
	} {
		s.state.Store(&tt.state)
		text, ok := s.encode(t.Context())
		var got struct{ Self map[string]any }
		if err := json.Unmarshal(text, &got); err != nil || ok {
			t.Fatalf("%v, %v: %s", ok, err, text)
		}
		for _, field := range []string{"forSeconds", "lastBeatAgeSeconds", "leaseSeconds"} {
			s, there := got.Self[field].(float64)
			want, wanted := tt.want[field]
			if there != wanted || s < want || s > want+float64(patience/time.Second) {
				t.Errorf("%s: %s is %v, want %v (%v): %s", name, field, got.Self[field], want, wanted, text)
			}
		}
	}
}

func TestSelf_ProblemIsASentence(t *testing.T) {
	t.Parallel()
	late := status.NewLookout(0, func(ctx context.Context) (status.Group, error) {
		<-ctx.Done()
		return status.Group{}, errors.New("server selection error: current topology: { Type: ReplicaSetNoPrimary")
	})
	_, errLate := late.Snapshot(t.Context())
	for _, tt := range []struct {
		stage Stage
		err   error
		want  string
	}{
		{Connecting, errors.New("x"), "This instance is not connected to the registry yet."},
		{Running, errLate, "The registry does not answer within 2s."},
		{Running, fmt.Errorf("terms: %w: socket", context.DeadlineExceeded), "The registry does not answer within 2s."},
		{Running, fmt.Errorf("terms: %w", registry.ErrRefused), "The registry answers, but refuses to be read."},
		{Running, fmt.Errorf("terms: %w", registry.ErrCorrupt), "The record of the latest term cannot be understood."},
		{Running, fmt.Errorf("terms: %w", registry.ErrSchema), "A newer version of Understudy wrote the latest term."},
		{Leaving, errors.New("connection() error occurred during connection handshake"), "The registry cannot be reached, or does not answer as it should."},
	} {
		if got := (self{Stage: tt.stage}).problem(tt.err); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.err, got, tt.want)
		}
	}
}

func TestStatus_HangingRegistryIsAskedOnceAndDelaysNoProbe(t *testing.T) {
	t.Parallel()
	late := make(chan struct{})
	s := newFixture(t)
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

func TestAnswers_FloodOfRequestsIsEncodedOnce(t *testing.T) {
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
