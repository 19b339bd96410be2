package scheduler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// A store that is away must not fill the log.
func TestJournal_LogsTheFailuresOfACallOnceAMinute(t *testing.T) {
	const fails, again = "the store of jobs does not do what it should", "the store of jobs answers again"
	type step struct {
		at   time.Duration
		call string
		err  bool
	}
	every := func(pause, until time.Duration, call string) (list []step) {
		for at := time.Duration(0); at < until; at += pause {
			list = append(list, step{at, call, true})
		}
		return list
	}
	var flaps []step
	for n := range 1200 { // it fails and answers in turns, for two minutes
		flaps = append(flaps, step{time.Duration(n) * 100 * time.Millisecond, "claim", n%2 == 0})
	}
	for _, tt := range []struct {
		name  string
		steps []step
		want  []string
	}{
		{"answers", []step{{0, "claim", false}, {1, "claim", false}}, nil},
		{"fails once", []step{{0, "claim", true}, {1, "claim", false}, {2, "claim", false}}, []string{"claim " + fails, "claim " + again}},
		{"keeps failing", every(time.Second, 150*time.Second, "claim"), []string{"claim " + fails, "claim " + fails + " 59", "claim " + fails + " 59"}},
		{"and answers", append(every(time.Second, 90*time.Second, "claim"), step{90 * time.Second, "claim", false}), []string{"claim " + fails, "claim " + fails + " 59", "claim " + again}},
		{"each call for itself", []step{{0, "claim", true}, {1, "save", true}, {2, "claim", true}, {3, "save", false}}, []string{"claim " + fails, "save " + fails, "save " + again}},
		{"now and then", flaps, []string{"claim " + fails, "claim " + again, "claim " + fails + " 299", "claim " + again}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			l := journal{log: zerolog.New(&log)}
			for _, s := range tt.steps {
				if s.err {
					l.note(note{fact: factCallFailed, text: s.call, err: errors.New("away")}, s.at)
				} else {
					l.answered(s.call)
				}
			}
			var got []string
			for line := range strings.Lines(log.String()) {
				var x struct {
					Message, Call, Error string
					Since                int `json:"failures_since"`
				}
				if err := json.Unmarshal([]byte(line), &x); err != nil {
					t.Fatal(err)
				}
				text := x.Call + " " + x.Message
				if x.Since > 0 {
					text += fmt.Sprint(" ", x.Since)
				}
				if (x.Error == "away") != (x.Message == fails) {
					t.Errorf("the error of %q is %q", text, x.Error)
				}
				got = append(got, text)
			}
			equal(t, "logged", got, tt.want)
		})
	}
}
