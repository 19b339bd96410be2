package heartbeat

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// written returns the fields of the line that a logger writes now.
func written(t *testing.T, log zerolog.Logger, to *bytes.Buffer) map[string]any {
	t.Helper()
	to.Reset()
	log.Info().Msg("x")
	var fields map[string]any
	if err := json.Unmarshal(to.Bytes(), &fields); err != nil {
		t.Fatalf("%v in %s", err, to)
	}
	return fields
}

func TestAuthor_IsPassiveBeforeThereIsAMember(t *testing.T) {
	var out bytes.Buffer
	got := written(t, zerolog.New(&out).Hook(NewAuthor("g")), &out)
	for name, want := range map[string]any{"instance": "", "group": "g", "role": "passive", "term": 0.0} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
}

// One logger is made before its member, and says who writes at each instant.
func TestAuthor_FollowsItsMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		author, out := NewAuthor("g"), new(bytes.Buffer)
		log := zerolog.New(out).Hook(author)
		a := s.joinFirst(func(c *Config) { c.Author, c.Log = author, c.Log.Hook(author) })
		got := written(t, log, out)
		for name, want := range map[string]any{"instance": a.Instance().String(), "group": "g", "role": "active", "term": 1.0} {
			if got[name] != want {
				t.Errorf("%s is %v, want %v", name, got[name], want)
			}
		}
		s.leaveAll(a)
		if got := written(t, log, out); got["instance"] != "" || got["role"] != "passive" || got["term"] != 0.0 {
			t.Errorf("after Run has returned: %v", got)
		}
		for line := range strings.Lines(a.log.String()) {
			if n := strings.Count(line, `"instance":`); n != 1 {
				t.Errorf("%d instances in the line %s", n, line)
			}
		}
	})
}

func TestNew_RefusesTheAuthorOfAnotherGroup(t *testing.T) {
	_, err := New(Config{Registry: newStore(time.Now), Group: "g", Host: "h", Author: NewAuthor("other")})
	if err == nil || !strings.Contains(err.Error(), `the author is of the group "other", want "g"`) {
		t.Errorf("got %v", err)
	}
}
