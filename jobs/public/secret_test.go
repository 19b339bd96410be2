package public

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
)

// full is a run with something in each field.
func full() store.Run {
	return store.Run{
		Key:     store.Key{Group: "orders", Job: "report", Run: "k:1"},
		Trigger: store.ByPerson, Slot: noon, At: noon, Due: noon, Priority: 3, By: "anna\x1b[2J\u202e", RetriedBy: "ada\x1b[2J", Payload: store.Digest{1}, Parent: "a/b",
		State: store.Failed, Open: true, Term: 4, Instance: uuid.New(), Attempt: 2, Failures: 1, Interruptions: 1,
		Attempts: []store.Attempt{{Number: 1, Instance: uuid.New(), Host: "h\x00", Term: 4, From: noon, To: noon.Add(time.Second), End: store.AttemptFailed, ExitCode: 3}},
		Progress: store.Progress{Percent: 170, Text: "SECRET progress", At: noon},
		Result:   []byte("SECRET result"), Output: store.Output{Head: []byte("SECRET head"), Tail: []byte("SECRET tail"), Bytes: 99},
		Remark: "why\u2028", EndedAt: noon, Cancel: &store.Request{By: "bob", Why: "no\x07", At: noon}, Schema: 1,
	}
}

func TestRun_ShowsNothingThatTheJobSaidOrWasGiven(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.job("report")
	f.s.runs = []store.Run{full()}
	f.s.jobs[0].Description = "says \x1b[31m" + strings.Repeat("x", 1000)
	for name, ask := range map[string]func() (Answer, error){
		"run":      func() (Answer, error) { return f.Run(t.Context(), "report", "k:1") },
		"jobs":     func() (Answer, error) { return f.Jobs(t.Context(), Question{}) },
		"timeline": func() (Answer, error) { return f.Timeline(t.Context(), Question{}) },
	} {
		answer, err := ask()
		if err != nil {
			t.Fatal(err)
		}
		text := answer.JSON
		for _, bad := range []string{"SECRET", "payload", `\u001b`, "\u202e", `\u0000`, strings.Repeat("x", 300)} {
			if strings.Contains(string(text), bad) {
				t.Errorf("%s: it has %q in it: %s", name, bad, text)
			}
		}
	}
	text, err := f.Run(t.Context(), "report", "k:1")
	got := decode[view.Run](t, text, err)
	if got.By != `anna\x1b[2J\u202e` || got.Cancel.Why != `no\x07` || got.Progress.Percent != 100 || got.Output.Bytes != 99 || *got.Attempts[0].ExitCode != 3 {
		t.Errorf("%s", text.JSON)
	}
}

// A field that is added to the view of a run is shown to everybody only if somebody says so
// here and in ofRun.
func TestRun_EachFieldIsPublicOrSecret(t *testing.T) {
	t.Parallel()
	const ofNoRecord = "Note" // the answer to a trigger has it
	secret := []string{"Payload", "Result", "ResultBase64", ofNoRecord}
	binary := full()
	binary.Result = []byte{0xff}
	all, shown := reflect.ValueOf(view.OfRun(full())), reflect.ValueOf(ofRun(full()))
	for i := range all.NumField() {
		name := all.Type().Field(i).Name
		if all.Field(i).IsZero() && name != "ResultBase64" && name != ofNoRecord {
			t.Errorf("%s: the example has nothing in it", name)
		}
		if hidden := shown.Field(i).IsZero(); hidden != slices.Contains(secret, name) {
			t.Errorf("%s is hidden: %v", name, hidden)
		}
	}
	for part, want := range map[string]string{
		"progress": `{"percent":100,"at":"2027-03-04T12:00:00Z"}`, "output": `{"bytes":99}`,
	} {
		var got map[string]json.RawMessage
		text, _ := json.Marshal(ofRun(binary))
		_ = json.Unmarshal(text, &got)
		if string(got[part]) != want || got["resultBase64"] != nil {
			t.Errorf("%s: %s, want %s", part, got[part], want)
		}
	}
}

func TestJob_HasItsFieldsAndBars(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.s.jobs = []store.Job{{
		Name: "report", Description: "hourly", Schedule: "0 * * * *", Zone: "Europe/Berlin", Next: noon.Add(time.Hour), Gone: true,
		Paused: &store.Request{By: "anna", Why: "down", At: noon},
	}}
	waits := f.run("report", "k:3", 0)
	waits.State, waits.Attempts, waits.Attempt = store.Waiting, nil, 0
	works := f.run("report", "k:2", time.Minute)
	works.State, works.Progress = store.Processing, store.Progress{Percent: 40, Text: "SECRET", At: noon}
	works.Attempts[0].To = time.Time{}
	done := f.run("report", "k:1", time.Hour)
	done.Attempts = append(done.Attempts, store.Attempt{Number: 2, Term: 3, From: noon.Add(-30 * time.Minute), To: noon.Add(-28 * time.Minute)},
		store.Attempt{Number: 3, Term: 3, From: noon, To: noon.Add(-time.Minute)}) // the clock was set back
	text, err := f.Jobs(t.Context(), Question{})
	want := `{"group":"orders","at":"2027-03-04T12:00:00Z","total":1,"matching":1,"page":0,"pages":1,"jobs":[{"job":"report","description":"hourly","schedule":"0 * * * *","timezone":"Europe/Berlin",` +
		`"next":"2027-03-04T13:00:00Z","gone":true,"paused":{"by":"anna","why":"down","at":"2027-03-04T12:00:00Z"},"waiting":1,"oldestDue":"2027-03-04T12:00:00Z","runs":[` +
		`{"run":"k:3","status":"waiting","at":"2027-03-04T12:00:00Z","due":"2027-03-04T12:00:00Z","term":3},` +
		`{"run":"k:2","status":"processing","from":"2027-03-04T11:59:00Z","term":2,"attempt":1,"percent":40},` +
		`{"run":"k:1","status":"completed","from":"2027-03-04T12:00:00Z","term":3,"attempt":1,"seconds":180}]}]}`
	if err != nil || string(text.JSON) != want {
		t.Errorf("%v:\n%s\nwant\n%s", err, text.JSON, want)
	}
}

func TestQuestion_IsChecked(t *testing.T) {
	t.Parallel()
	for _, q := range []Question{{Job: "<b>"}, {Filter: strings.Repeat("x", 101)}, {Page: -1}, {Page: 1 << 30}} {
		if q.Check() == nil {
			t.Errorf("%+v is accepted", q)
		}
	}
	if err := (Question{Filter: "<b>", Page: 3}).Check(); err != nil {
		t.Error(err)
	}
}
