package sqlitestore

import (
	"path/filepath"
	"testing"

	"github.com/understudy-go/understudy/jobs/store"
)

// A watch tells of what people wrote about its group, and of nothing else.
func TestAsked_ChangesWithEachWriteOfPeople(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "registry.db"))
	ctx := t.Context()
	asked := func(group string) string {
		t.Helper()
		token, err := reading(ctx, s, "", func(c *conn) (string, error) { return c.asked(group) })
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	submit := func(group, run string) (store.Run, error) {
		r, _, err := s.Submit(ctx, store.Run{Key: store.Key{Group: group, Job: "report", Run: run}}, nil, 10)
		return r, err
	}
	last, neighbour := asked("g"), asked("g2")
	for _, tt := range []struct {
		name  string
		call  func() error
		other bool // it is about the other group, or written by the holder
	}{
		{"the first", func() error { _, err := submit("g", "1"); return err }, false},
		{"the second", func() error { _, err := submit("g", "2"); return err }, false},
		{"the same again", func() error { _, err := submit("g", "2"); return err }, true},
		{"of another group", func() error { _, err := submit("g2", "1"); return err }, true},
		{"a claim", func() error { _, err := s.Claim(ctx, holder, []store.Run{newRun("report", "3")}); return err }, true},
		{"a request to cancel", func() error {
			_, err := s.Cancel(ctx, store.Key{Group: "g", Job: "report", Run: "3"}, "me", "")
			return err
		}, false},
		{"a job", func() error { return s.SaveJobs(ctx, holder, []store.Job{{Group: "g", Name: "report", Revision: 1}}) }, true},
		{"a pause", func() error { _, err := s.Pause(ctx, "g", "report", "me", ""); return err }, false},
		{"a pause again", func() error { _, err := s.Pause(ctx, "g", "report", "me", ""); return err }, true},
		{"a resumption", func() error { _, err := s.Resume(ctx, "g", "report"); return err }, false},
	} {
		if err := tt.call(); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		now := asked("g")
		if (now == last) != tt.other {
			t.Errorf("%s: the token was %q and is %q; want it to stay: %v", tt.name, last, now, tt.other)
		}
		last = now
	}
	if asked("g2") == neighbour {
		t.Error("the token of the other group did not change")
	}
}
