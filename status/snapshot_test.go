package status

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry"
)

func TestSnapshot_LatestTermDecidesWhoIsActive(t *testing.T) {
	lying := func(in *registry.Instance) { in.Role, in.Term = registry.Active, 99 }
	g := snapshot("g", []registry.Term{open(4, 2), over(3, 1, 30*time.Minute, registry.HandedOver)},
		[]registry.Instance{instance(1, time.Second, lying), instance(2, time.Second), instance(3, time.Second)}, now, nil)
	var got []string
	for _, in := range g.Instances {
		got = append(got, fmt.Sprintf("%s %s %d since %s", in.Host, in.Role, in.Term, in.Since.Format(time.TimeOnly)))
	}
	want := "h2 active 4 since 11:30:15, h1 passive 0 since 11:30:15, h3 passive 0 since 11:00:15"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

func TestSnapshot_ShowsSilenceOfTheActiveOne(t *testing.T) {
	instances := []registry.Instance{instance(1, 22*time.Second), instance(2, time.Second)}
	g := snapshot("g", []registry.Term{open(3, 1)}, instances, now, nil)
	text, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"takeover":{"instance":"` + id(2).String() + `","host":"h2","inSeconds":38}`, `"silenceSeconds":22`,
		`"health":"no beat from h1/000001 for 22s; h2/000002 takes over in 38s; 1 passive"`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	instances[0].Heartbeat = ago(time.Second)
	g = snapshot("g", []registry.Term{open(3, 1)}, instances, now, nil)
	if g.Takeover != nil || g.Terms[0].Silence != 0 {
		t.Errorf("after a beat: takeover %+v, silence %v", g.Takeover, g.Terms[0].Silence)
	}
}

// The active instance steps down while it beats and its record says so. Without a beat
// nobody knows, and a record from before its promotion says something else.
func TestSnapshot_ShowsThatTheActiveOneStepsDown(t *testing.T) {
	active := func(in *registry.Instance) { in.Role, in.Term = registry.Active, 3 }
	for _, tt := range []struct {
		name string
		in   registry.Instance
		want bool
	}{
		{"it works", instance(1, time.Second, active), false},
		{"it steps down", instance(1, time.Second, active, holdingOff), true},
		{"it is silent", instance(1, 22*time.Second, active, holdingOff), false},
		{"its record is that of a passive one", instance(1, time.Second, holdingOff), false},
	} {
		g := snapshot("g", []registry.Term{open(3, 1)}, []registry.Instance{tt.in, instance(2, time.Second, holdingOff)}, now, nil)
		if got := g.Instances[0]; got.SteppingDown != tt.want || got.HoldingOff || g.Instances[1].SteppingDown {
			t.Errorf("%s: %+v", tt.name, g.Instances)
		}
	}
}

// Whatever the records hold, there is a snapshot of them, and it can be encoded as JSON.
func TestSnapshot_AcceptsAnyRecord(t *testing.T) {
	far := []time.Time{{}, time.UnixMilli(math.MinInt64), time.UnixMilli(math.MaxInt64), time.Unix(0, 0), now, time.Date(9999, 12, 31, 23, 59, 59, 999, time.UTC)}
	spans := []time.Duration{0, -1, math.MinInt64, math.MaxInt64, time.Second, 100 * 365 * 24 * time.Hour}
	for _, at := range far {
		for _, then := range far {
			for _, span := range spans {
				in := instance(1, 0, timing(span, span))
				in.Host, in.Version, in.Heartbeat, in.StartedAt, in.PID, in.Priority = "\x1b]0;\xff", "\u202e", then, then, math.MinInt, math.MaxInt
				last := open(math.MaxInt64, 1)
				last.OrphanAfter, last.StartedAt, last.Host = span, then, "\x00"
				older := over(-1, 1, 0, "\n")
				older.StartedAt, older.EndedAt = at, then
				for _, terms := range [][]registry.Term{nil, {last}, {last, older}, {older, last}} {
					g := snapshot("g\x07", terms, []registry.Instance{in, in}, at, nil)
					text, err := json.Marshal(g)
					if err != nil {
						t.Fatalf("at %v, then %v, span %v: %v", at, then, span, err)
					}
					for _, in := range g.Instances {
						if in.Age < 0 || in.OrphanIn < 0 {
							t.Fatalf("age %v, orphan in %v", in.Age, in.OrphanIn)
						}
					}
					for _, term := range g.Terms {
						if term.Length < 0 || term.Gap != nil && *term.Gap < 0 {
							t.Fatalf("length %v, gap %v", term.Length, term.Gap)
						}
					}
					if strings.ContainsAny(string(text)+g.Health, "\x00\x07\x1b\n\u202e") {
						t.Fatalf("a character is not escaped: %q", text)
					}
				}
			}
		}
	}
}

func TestSnapshot_EmptyListsAreJSONLists(t *testing.T) {
	text, err := json.Marshal(snapshot("g", nil, nil, now, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"group":"g","at":"2026-03-04T12:00:15Z","healthy":false,"health":`
	if s := string(text); !strings.HasPrefix(s, want) || !strings.HasSuffix(s, `"term":0,"instances":[],"terms":[]}`) {
		t.Error(s)
	}
}
