package view

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

var instant = time.Date(2027, 3, 14, 1, 59, 26, 535e6, time.UTC)

// The names of the fields are an interface: scripts and the page rest on them.
func TestJSON_HasStableNames(t *testing.T) {
	id := uuid.MustParse("0198c0de-0000-7000-8000-000000000001")
	run := store.Run{
		Key:     store.Key{Group: "g", Job: "report", Run: store.SlotID(instant)},
		Trigger: store.BySchedule, Slot: instant, At: instant.In(time.FixedZone("", 3600)), Due: instant, Priority: -1, By: "somebody", RetriedBy: "ada", Parent: "a/b",
		Payload: store.Digest{0xab}, State: store.TimedOut, Open: true, Term: 7, Instance: id, Attempt: 2,
		Attempts: []store.Attempt{
			{Number: 1, Instance: id, Host: "web-1", Term: 7, From: instant, To: instant.Add(1500 * time.Millisecond), End: store.AttemptFailed, ExitCode: 0},
			{Number: 2, Term: 7, From: instant},
		},
		Failures: 1, Interruptions: 2, Progress: store.Progress{Percent: 0, Text: "<b>", At: instant},
		Result: []byte(`{"n":1}`), Output: store.Output{Head: []byte("a\xff\n"), Tail: []byte("\x00"), Bytes: 1 << 40}, Remark: "late",
		EndedAt: instant, Cancel: &store.Request{By: "x", Why: "y", At: instant},
	}
	for _, tt := range []struct {
		name string
		v    any
		want string
	}{
		{"run", OfRun(run), `{
			"id": "report/2027-03-14T01:59:26Z", "job": "report", "run": "2027-03-14T01:59:26Z", "status": "timed out", "open": true, "trigger": "schedule",
			"slot": "2027-03-14T01:59:26.535Z", "at": "2027-03-14T01:59:26.535Z", "due": "2027-03-14T01:59:26.535Z", "endedAt": "2027-03-14T01:59:26.535Z",
			"priority": -1, "by": "somebody", "retriedBy": "ada", "parent": "a/b",
			"payloadSha256": "ab00000000000000000000000000000000000000000000000000000000000000",
			"term": 7, "instance": "0198c0de-0000-7000-8000-000000000001", "attempt": 2,
			"attempts": [
				{"attempt": 1, "instance": "0198c0de-0000-7000-8000-000000000001", "host": "web-1", "term": 7, "from": "2027-03-14T01:59:26.535Z",
				 "to": "2027-03-14T01:59:28.035Z", "lengthSeconds": 1.5, "end": "failed", "exitCode": 0},
				{"attempt": 2, "term": 7, "from": "2027-03-14T01:59:26.535Z"}],
			"failures": 1, "interruptions": 2, "progress": {"percent": 0, "text": "<b>", "at": "2027-03-14T01:59:26.535Z"},
			"cancel": {"by": "x", "why": "y", "at": "2027-03-14T01:59:26.535Z"}, "remark": "late", "result": "{\"n\":1}",
			"output": {"bytes": 1099511627776, "head": "a\ufffd\n", "tail": "\u0000"}}`},
		{"run that waits", OfRun(store.Run{Key: store.Key{Job: "j", Run: "r"}, State: store.Waiting, Open: true, At: instant, Result: []byte{0xff}}), `{
			"id": "j/r", "job": "j", "run": "r", "status": "waiting", "open": true, "at": "2027-03-14T01:59:26.535Z", "attempt": 0, "attempts": [],
			"resultBase64": "/w==", "output": {"bytes": 0}}`},
		{"run of garbage", OfRun(store.Run{At: time.UnixMilli(math.MaxInt64), Due: time.UnixMilli(math.MinInt64), Attempts: []store.Attempt{
			{From: time.UnixMilli(math.MaxInt64), To: time.UnixMilli(1), End: store.AttemptCompleted, ExitCode: -1}}}), `{
			"id": "/", "job": "", "run": "", "status": "", "open": false, "at": "0001-01-01T00:00:00Z", "attempt": 0,
			"attempts": [{"attempt": 0, "term": 0, "to": "1970-01-01T00:00:00.001Z", "end": "completed", "exitCode": -1}], "output": {"bytes": 0}}`},
		{"job", OfJob(store.Job{Name: "report", Mark: instant, Since: instant, Term: 3, Schedule: "@hourly", Zone: "Europe/Berlin", Description: "d", Next: instant,
			Gone: true, Resumed: instant, Paused: &store.Request{By: "x", At: instant}}), `{
			"job": "report", "description": "d", "schedule": "@hourly", "timezone": "Europe/Berlin", "next": "2027-03-14T01:59:26.535Z",
			"mark": "2027-03-14T01:59:26.535Z", "since": "2027-03-14T01:59:26.535Z", "term": 3, "gone": true, "resumed": "2027-03-14T01:59:26.535Z",
			"paused": {"by": "x", "at": "2027-03-14T01:59:26.535Z"}}`},
		{"lists", []any{Jobs{Group: "g", Jobs: []Job{}}, Runs{Group: "g", Runs: []Run{}, Before: "b", Unread: "u"}},
			`[{"group": "g", "jobs": []}, {"group": "g", "runs": [], "before": "b", "unread": "u"}]`},
	} {
		text, err := json.Marshal(tt.v)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var got, want any
		if err := errors.Join(json.Unmarshal(text, &got), json.Unmarshal([]byte(tt.want), &want)); err != nil {
			t.Fatal(tt.name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (- want, + got):\n%s", tt.name, diff)
		}
	}
}

func TestParseStatus_TakesHyphensForSpaces(t *testing.T) {
	for text, want := range map[string]store.State{
		"failed": store.Failed, "timed out": store.TimedOut, "timed-out": store.TimedOut, "timed_out": store.TimedOut, "Completed": store.Completed,
		"": "", "timedout": "", "fail": "",
	} {
		got, err := ParseStatus(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("ParseStatus(%q) = %q, %v; want %q", text, got, err, want)
		}
		if err != nil && !strings.Contains(err.Error(), "completed, failed, timed-out") {
			t.Errorf("ParseStatus(%q): %v; want an error that lists the words", text, err)
		}
	}
}

func TestCursor_IsReadAsItWasWritten(t *testing.T) {
	for _, id := range []string{"2027-03-14T01:59:26Z", "k:a key/1", "then:a/b"} {
		r := store.Run{Key: store.Key{Group: "g", Job: "report", Run: id}, At: instant}
		got, err := ParseCursor("g", Cursor(r))
		if diff := cmp.Diff(r, got); err != nil || diff != "" {
			t.Errorf("%s: %v (- want, + got):\n%s", id, err, diff)
		}
	}
	for _, text := range []string{"", "/", "report/1", "2027-03-14T01:59:26Z", "2027-03-14T01:59:26Z/report", "2027-03-14T01:59:26Z/Report/1", "1969-03-14T01:59:26Z/report/1",
		"2027-03-14/report/1"} {
		if _, err := ParseCursor("g", text); err == nil {
			t.Errorf("ParseCursor(%q) returns no error", text)
		}
	}
}

func TestUnread_IsOneBoundedLine(t *testing.T) {
	err := errors.Join(registry.ErrCorrupt, errors.New(strings.Repeat("ä", 2000)))
	if got := unread(err); !strings.HasPrefix(got, "corrupt record; ä") || len(got) > maxUnread+len("…") || strings.Contains(got, "\n") {
		t.Errorf("unread is %q", got)
	}
}
