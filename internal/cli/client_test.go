package cli

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/internal/openregistry"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// A registration without a UUID is quoted in the error about it.
func TestStatus_EscapesTheTextOfARecord(t *testing.T) {
	s := testRegistry{uri: mongotest.Shared(t)}
	testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
	evil := bson.M{"_id": "\u009b31m\u202eY\x1b[2J", "group": "default", "schema": 1}
	if _, err := s.collection(t, "instances").InsertOne(t.Context(), evil); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"status", "status --all", "status --all --json", "history", "check", "check --json", "handover"} {
		code, stdout, stderr := inProcess(strings.Fields(line)...)
		if all := stdout + stderr; strings.ContainsAny(all, "\u009b\u202e\x1b") {
			t.Errorf("%s: exit code %d, %q", line, code, all)
		} else if line != "history" && !strings.Contains(all, "31m") {
			t.Errorf("%s does not quote the record: %q", line, all)
		}
	}
}

func hang(ctx context.Context) ([]registry.Term, []registry.Instance, error) {
	<-ctx.Done()
	return nil, nil, ctx.Err()
}

func TestClient_GivesUpARegistryThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stderr testkit.LogBuffer
		l := clientOf(fakeAdmin{read: hang}, &stderr)
		begun := time.Now()
		over := l.tellIfSlow()
		_, err := l.readGroup(t.Context(), "g", 1)
		over()
		if unavailable := (openregistry.UnavailableError{}); time.Since(begun) != callTimeout || !errors.As(err, &unavailable) {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
		if want := "registry sqlite:/registry.db: no answer within 5s: "; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		testkit.WantLine(t, stderr.String(), "understudy: waiting for an answer from sqlite:/registry.db\n")
	})
}

func TestClient_RecordThatIsNotUnderstoodIsNoEmptyGroup(t *testing.T) {
	for err, want := range map[error]int{
		registry.ErrCorrupt: exitcode.Unavailable, registry.ErrSchema: exitcode.Unavailable, registry.ErrTermExhausted: exitcode.Unavailable,
		errors.New("odd"): exitcode.Unavailable, context.DeadlineExceeded: exitcode.Unavailable,
	} {
		l := clientOf(fakeAdmin{read: func(context.Context) ([]registry.Term, []registry.Instance, error) { return nil, nil, err }}, new(bytes.Buffer))
		_, got := l.readGroup(t.Context(), "g", 1)
		if code := exitCodeOf(got); code != want {
			t.Errorf("%v: exit code %d, want %d", err, code, want)
		}
		if unavailable := (openregistry.UnavailableError{}); errors.As(got, &unavailable) == registry.Unreadable(err) {
			t.Errorf("%v: taken for an outage: %v", err, got)
		}
		if text := explain(got); strings.Contains(text, "\n") || !strings.Contains(text, strings.TrimPrefix(err.Error(), "registry: ")) {
			t.Errorf("%v is explained by %q", err, text)
		}
	}
}

func TestClient_SeesWhoIsDeadAfterTheClockWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stderr testkit.LogBuffer
		l := clientOf(clockSetBack(), &stderr)
		var s survey
		begun := time.Now()
		err := l.settle(t.Context(), func() (err error) {
			s, err = l.survey(t.Context(), false)
			return err
		})
		took := time.Since(begun)
		if err != nil || s.healthy() || s.groups[0].Count() != (status.Count{Silent: 2}) || took < 1500*time.Millisecond || took > 3*time.Second {
			t.Errorf("%v after %v: %+v", err, took, s.groups)
		}
		if text := plain(showGroup(s.groups[0], 0)); !strings.Contains(text, "  ahead by 2h00m, orphan in 58s  ") {
			t.Error(text)
		}
		if _, _, _, err := l.target(t.Context(), handoverOptions{}, registry.DefaultTiming); err == nil || !strings.Contains(err.Error(), "would read the request: a/9a8000 was not seen to beat") {
			t.Errorf("handover: %v", err)
		}
	})
}

func TestHandover_RefusesADeadTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := clientOf(clockSetBack(0), new(testkit.LogBuffer))
		for _, tt := range []struct{ to, want string }{
			{"b", "b/9a8001 was not seen to beat since the registry's clock was set back; --force"},
			{"", "no other instance can take over (silent: 1): "},
		} {
			g, _, _, err := l.target(t.Context(), handoverOptions{to: tt.to}, registry.DefaultTiming)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) || !g.Healthy {
				t.Errorf("to %q: %v, want %q; %s", tt.to, err, tt.want, g.Health)
			}
		}
	})
}

func TestClient_SeesSoonWhoIsAliveAfterTheClockWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stderr testkit.LogBuffer
		l := clientOf(clockSetBack(0, 1), &stderr)
		begun := time.Now()
		g, target, _, err := l.target(t.Context(), handoverOptions{to: "b"}, registry.DefaultTiming)
		if took := time.Since(begun); err != nil || target.Host != "b" || !g.Healthy || took < time.Second || took >= 2*time.Second || stderr.String() != "" {
			t.Errorf("%v after %v: %q, %s; stderr %q", err, took, target.Host, g.Health, stderr.String())
		}
	})
}

func TestClient_TellsThatItWaitsForABeatAndGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slowly := clockSetBack()
		read := slowly.read
		slowly.read = func(ctx context.Context) ([]registry.Term, []registry.Instance, error) {
			terms, list, err := read(ctx)
			for i := range list {
				list[i].Interval, list[i].OrphanAfter = time.Minute, time.Hour
			}
			return terms, list, err
		}
		var stderr testkit.LogBuffer
		l := clientOf(slowly, &stderr)
		begun := time.Now()
		g, _, _, err := l.target(t.Context(), handoverOptions{}, registry.DefaultTiming)
		if took := time.Since(begun); err == nil || g.Healthy || took < doubtLimit || took > doubtLimit+time.Second {
			t.Errorf("%v after %v", err, took)
		}
		testkit.WantLine(t, stderr.String(), "understudy: the registry's clock was set back: waiting to see who beats\n")
	})
}

func TestClient_ForgetsGroupsThatAreGone(t *testing.T) {
	l := clientOf(fakeAdmin{}, new(bytes.Buffer))
	m := many{well: map[string]bool{"a": true, "b": true, "c": true}}
	l.admin = m
	for range 2 {
		if _, err := l.survey(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		delete(m.well, "b")
	}
	if len(l.observers) != 2 {
		t.Errorf("it remembers %d groups", len(l.observers))
	}
}
