package cli

import (
	"bytes"
	"context"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// fakeAdmin is a registry with one group, which read returns.
type fakeAdmin struct {
	registry.Admin
	read func(ctx context.Context) ([]registry.Term, []registry.Instance, error)
}

func (f fakeAdmin) Groups(context.Context) ([]string, error) { return []string{"g"}, nil }

func (f fakeAdmin) Terms(ctx context.Context, _ string, n int) ([]registry.Term, error) {
	terms, _, err := f.read(ctx)
	return terms[:min(n, len(terms))], err
}

func (f fakeAdmin) Instances(ctx context.Context, _ string) ([]registry.Instance, time.Time, error) {
	_, list, err := f.read(ctx)
	return list, time.Now(), err
}

func (f fakeAdmin) Info(context.Context) (registry.Info, error) {
	return registry.Info{At: time.Now()}, nil
}

// fakeBackend is there, and has no jobs.
type fakeBackend struct{ store.Backend }

func (fakeBackend) Jobs() store.Store { return fakeStore{} }

type fakeStore struct{ store.Store }

func (fakeStore) Jobs(context.Context, string) ([]store.Job, error) { return nil, nil }

func (fakeStore) Chunks(context.Context, store.Key, int, int) ([]store.Chunk, error) {
	return nil, nil
}

// clientOf returns a client of a fakeAdmin.
func clientOf(f fakeAdmin, stderr io.Writer) *client {
	conf := config.Config{Group: "g", Registry: config.Registry{Kind: config.SQLite, Path: "/registry.db"}}
	return &client{conf: conf, stderr: stderr, admin: f, reg: fakeBackend{}}
}

// memberOf returns an instance whose UUID ends with n.
func memberOf(n byte, host string, beat time.Time) registry.Instance {
	id := uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8000")
	id[15] = n
	return registry.Instance{
		ID: id, Group: "g", Host: host, PID: 100 + int(n), Version: "v1", StartedAt: beat, Heartbeat: beat,
		Status: registry.Status{Candidate: true}, Interval: time.Second, OrphanAfter: time.Minute, Schema: registry.Schema,
	}
}

// lookAt returns a group as the program reads it.
func lookAt(t testing.TB, terms []registry.Term, list []registry.Instance) status.Group {
	t.Helper()
	l := clientOf(fakeAdmin{read: func(context.Context) ([]registry.Term, []registry.Instance, error) { return terms, list, nil }}, new(bytes.Buffer))
	g, err := l.readGroup(context.Background(), "g", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// clockSetBack is a registry whose clock was set back by two hours. The heartbeats of both
// instances are from before, and only those that are given beat on.
func clockSetBack(alive ...int) fakeAdmin {
	begun := time.Now()
	return fakeAdmin{read: func(context.Context) ([]registry.Term, []registry.Instance, error) {
		var list []registry.Instance
		for i := range 2 {
			in := memberOf(byte(i), string(rune('a'+i)), begun.Add(2*time.Hour))
			if passed := time.Since(begun); slices.Contains(alive, i) && passed >= time.Second {
				in.Beat, in.Heartbeat = 1, begun.Add(time.Second)
			}
			list = append(list, in)
		}
		return []registry.Term{{Number: 3, Holder: list[0].ID, Host: "a", StartedAt: begun}}, list, nil
	}}
}
