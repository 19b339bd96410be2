package cli

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// flakyStore has one run. Its first reads fail.
type flakyStore struct {
	fakeStore
	failures int
	run      store.Run
	gone     bool
}

func (s *flakyStore) Run(context.Context, store.Key) (store.Run, error) {
	switch {
	case s.failures > 0:
		s.failures--
		return store.Run{}, errors.New("connection lost")
	case s.gone:
		return store.Run{}, store.ErrNoRun
	}
	return s.run, nil
}

func (*flakyStore) Watch(context.Context, string) (<-chan struct{}, error) {
	return nil, registry.ErrNoWatch
}

type flakyBackend struct {
	fakeBackend
	s *flakyStore
}

func (b flakyBackend) Jobs() store.Store { return b.s }

func TestRunWaiter_OutlivesAnOutageOfTheRegistry(t *testing.T) {
	k := store.Key{Group: "g", Job: "report", Run: "1"}
	var log testkit.LogBuffer
	cl := clientOf(fakeAdmin{}, &log)
	s := &flakyStore{failures: 4, run: store.Run{Key: k, State: store.Completed}}
	cl.reg = flakyBackend{s: s}
	w := runWaiter{client: cl, key: k}
	r, err := w.wait(t.Context())
	if err != nil || r.State != store.Completed {
		t.Errorf("%+v, %v", r, err)
	}
	testkit.WantLine(t, log.String(), "registry does not answer: ", "connection lost; still waiting")

	s.gone = true
	if _, err := w.wait(t.Context()); err == nil || !strings.Contains(err.Error(), `no job is called "report"`) {
		t.Errorf("a run that was deleted: %v", err)
	}
}

func TestRunWaiter_TellsProgressNowAndThen(t *testing.T) {
	k := store.Key{Group: "g", Job: "report", Run: "1"}
	var log testkit.LogBuffer
	w := runWaiter{client: clientOf(fakeAdmin{}, &log), key: k}
	r := store.Run{Key: k, State: store.Processing, Term: 4, Attempt: 1, Attempts: []store.Attempt{{Number: 1, Host: "db1"}}}
	for percent := range 50 {
		r.Progress = store.Progress{Percent: percent, Text: "rows\x1b", At: time.Now()}
		w.tellState(t.Context(), r)
	}
	testkit.WantLine(t, log.String(), `understudy: report/1 is processed by db1/000000 in term 4: 0 % rows\x1b`)
	r.Cancel = &store.Request{By: "kai"}
	w.tellState(t.Context(), r)
	if !strings.Contains(log.String(), ", and is to be cancelled: 49 %") {
		t.Error(log.String())
	}
}
