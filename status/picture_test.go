package status

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// now is the registry's clock in these tests.
var now = time.Date(2026, 3, 4, 12, 0, 15, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

// id makes UUIDs that end in their number.
func id(n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("01890a5d-ac96-774b-bcce-%012x", n))
}

// instance is number n, on host hN, with the default timing and a beat of the
// given age.
func instance(n int, age time.Duration, change ...func(*registry.Instance)) registry.Instance {
	in := registry.Instance{
		ID: id(n), Group: "g", Host: fmt.Sprintf("h%d", n), PID: 100 + n, Version: "v1",
		StartedAt: ago(time.Hour), Heartbeat: ago(age), Status: registry.Status{Role: registry.Passive, Candidate: true},
		Interval: time.Second, OrphanAfter: time.Minute, Schema: registry.Schema,
	}
	for _, f := range change {
		f(&in)
	}
	return in
}

func holdingOff(in *registry.Instance) { in.Candidate = false }

func priority(n int) func(*registry.Instance) { return func(in *registry.Instance) { in.Priority = n } }

func timing(interval, orphanAfter time.Duration) func(*registry.Instance) {
	return func(in *registry.Instance) { in.Interval, in.OrphanAfter = interval, orphanAfter }
}

// open is a term that began half an hour ago, ended one that ended then.
func open(number int64, holder int) registry.Term {
	return registry.Term{
		Group: "g", Number: number, Holder: id(holder), Host: fmt.Sprintf("h%d", holder), OrphanAfter: time.Minute,
		StartedAt: ago(30 * time.Minute), Schema: registry.Schema,
	}
}

func over(number int64, holder int, before time.Duration, reason registry.Reason) registry.Term {
	t := open(number, holder)
	t.EndedAt, t.End.Reason = ago(before), reason
	return t
}

// picture is what one look makes of it that has seen nothing before.
func picture(group string, terms []registry.Term, instances []registry.Instance, at time.Time, badInstance error) Group {
	return reading{terms: terms, instances: instances, at: at, badInstance: badInstance}.picture(group)
}

func TestHealth(t *testing.T) {
	const s = time.Second
	type instances = []registry.Instance
	type terms = []registry.Term
	done := over(3, 1, 12*s, registry.WorkDone)
	done.End.ExitCode = 7
	unpromising := open(3, 9)
	unpromising.OrphanAfter = 0
	boundless := open(3, 1)
	boundless.OrphanAfter = 10 * 365 * 24 * time.Hour
	for _, tt := range []struct {
		name      string
		terms     terms
		instances instances
		healthy   bool
		want      string
	}{
		{"nobody ever", nil, nil, false, "no instance: none ever joined this group; start one, or see UNDERSTUDY_REGISTRY and UNDERSTUDY_GROUP"},
		{"nobody active yet", nil, instances{instance(1, s)}, false, "no active yet; 1 passive"},
		{"all well", terms{open(3, 1)}, instances{instance(1, s), instance(2, s), instance(3, s)}, true, "1 active, 2 passive"},
		{"alone", terms{open(3, 1)}, instances{instance(1, s)}, true, "1 active, 0 passive: nobody would take over"},
		{"a silent one is nobody to rely on", terms{open(3, 1)}, instances{instance(1, s), instance(2, 10*s)}, true,
			"1 active, 0 passive, 1 silent: nobody would take over"},
		{"mixed", terms{open(3, 1)}, instances{instance(1, s), instance(2, s), instance(3, s, holdingOff), instance(4, 10*s)}, true,
			"1 active, 2 passive (1 holding off), 1 silent"},
		{"the active one does not compete, and is none who holds off", terms{open(3, 1)}, instances{instance(1, s, holdingOff), instance(2, s)}, true, "1 active, 1 passive"},
		{"a beat from the future", terms{open(3, 1)}, instances{instance(1, -time.Hour), instance(2, s)}, false,
			"h1/000001 was not seen to beat, and its heartbeat is 1h00m ahead of the registry's clock, which was set back; h2/000002 takes over in 1m00s; 1 passive"},
		{"beats of all from the future", terms{open(3, 1)}, instances{instance(1, -2*time.Hour), instance(2, -2*time.Hour)}, false,
			"h1/000001 was not seen to beat, and its heartbeat is 2h00m ahead of the registry's clock, which was set back, an orphan in 1m00s; nobody is there to take over, 1 silent"},
		{"a beat from just ahead", terms{open(3, 1)}, instances{instance(1, -9*s), instance(2, -9*s)}, true, "1 active, 1 passive"},
		{"at the edge", terms{open(3, 1)}, instances{instance(1, 9*s), instance(2, s)}, true, "1 active, 1 passive"},
		{"silent", terms{open(3, 1)}, instances{instance(1, 12*s), instance(2, s), instance(3, s)}, false,
			"no beat from h1/000001 for 12s; h2/000002 takes over in 48s; 2 passive"},
		{"silent, with a senior", terms{open(3, 1)}, instances{instance(1, 12*s), instance(2, s), instance(3, s, priority(5)), instance(4, s, priority(5)), instance(5, s, priority(9), holdingOff), instance(6, 20*s, priority(9))}, false,
			"no beat from h1/000001 for 12s; h3/000003 takes over in 48s; 4 passive (1 holding off), 1 silent"},
		{"silent, and those who are there hold off", terms{open(3, 1)}, instances{instance(1, 12*s), instance(2, s, holdingOff)}, false,
			"no beat from h1/000001 for 12s, an orphan in 48s; 1 passive (1 holding off)"},
		{"an orphan", terms{open(3, 1)}, instances{instance(1, 75*s), instance(2, s)}, false, "no beat from h1/000001 for 1m15s, an orphan; h2/000002 takes over once it has counted that itself; 1 passive"},
		{"silent and alone", terms{open(3, 1)}, instances{instance(1, 12*s)}, false,
			"no beat from h1/000001 for 12s, an orphan in 48s; nobody is there to take over"},
		{"everyone silent", terms{open(3, 1)}, instances{instance(1, 12*s), instance(2, 12*s)}, false,
			"no beat from h1/000001 for 12s, an orphan in 48s; nobody is there to take over, 1 silent"},
		{"by its own timing", terms{open(3, 1)}, instances{instance(1, s, timing(100*time.Millisecond, 2*s)), instance(2, s)}, false,
			"no beat from h1/000001 for 1.0s; h2/000002 takes over in 59s; 1 passive"},
		{"by its own timing, longer than the term's", terms{open(3, 1)}, instances{instance(1, 50*s, timing(s, 5*time.Minute)), instance(2, s)}, false,
			"no beat from h1/000001 for 50s; h2/000002 takes over in 4m10s; 1 passive"},
		{"by its own long timing", terms{open(3, 1)}, instances{instance(1, 50*s, timing(20*s, 5*time.Minute)), instance(2, s)}, true, "1 active, 1 passive"},
		{"a timing that makes no sense", terms{open(3, 1)}, instances{instance(1, 12*s, timing(0, -1)), instance(2, s, timing(0, 0))}, false,
			"no beat from h1/000001 for 12s; h2/000002 takes over in 48s; 1 passive"},
		{"a timing that is too long", terms{open(3, 1)}, instances{instance(1, 12*s, timing(math.MaxInt64, math.MaxInt64)), instance(2, s)}, false,
			"no beat from h1/000001 for 12s; h2/000002 takes over in 1d00h; 1 passive"},
		{"a term whose timing is too long", terms{boundless}, instances{instance(1, 12*s), instance(2, s)}, false,
			"no beat from h1/000001 for 12s; h2/000002 takes over in 1d00h; 1 passive"},
		{"deleted, and a term whose timing is too long", terms{boundless}, instances{instance(2, s)}, false,
			"the registration of the active one, h1/000001, is gone; h2/000002 takes over within 1d00h"},
		{"deleted", terms{open(3, 9)}, instances{instance(2, s)}, false,
			"the registration of the active one, h9/000009, is gone; h2/000002 takes over within 1m00s"},
		{"deleted, and no word of when", terms{unpromising}, instances{instance(2, s)}, false,
			"the registration of the active one, h9/000009, is gone; h2/000002 takes over within 1m00s"},
		{"deleted, and those who are there hold off", terms{open(3, 9)}, instances{instance(2, s, holdingOff)}, false,
			"the registration of the active one, h9/000009, is gone; 1 passive (1 holding off)"},
		{"all deleted", terms{open(3, 9)}, nil, false, "the registration of the active one, h9/000009, is gone; nobody is there to take over"},
		{"stopped", terms{over(3, 1, 12*s, registry.Stopped)}, instances{instance(2, s), instance(3, s)}, false,
			"no active since 12:00:03 UTC, for 12s: h1/000001 was stopped; 2 passive"},
		{"stopped yesterday", terms{over(3, 1, 24*time.Hour, registry.Stopped)}, nil, false,
			"no active since 2026-03-03 12:00:15 UTC, for 1d00h: h1/000001 was stopped; nobody is there to take over"},
		{"stopped in the future", terms{over(3, 1, -s, registry.Stopped)}, instances{instance(2, s)}, false,
			"no active since 12:00:16 UTC, for 0.0s: h1/000001 was stopped; 1 passive"},
		{"stopped, and the clock was set back", terms{over(3, 1, -2*time.Hour, registry.Stopped)}, instances{instance(2, s)}, false,
			"no active since 14:00:15 UTC, ahead of the registry's clock: h1/000001 was stopped; 1 passive"},
		{"work done, and the clock was set back", terms{over(3, 1, -2*time.Hour, registry.WorkDone)}, nil, false,
			"work done at 14:00:15 UTC, ahead of the registry's clock, by h1/000001, exit code 0"},
		{"handed over", terms{over(3, 1, 12*s, registry.HandedOver)}, instances{instance(1, s, holdingOff), instance(2, s)}, false,
			"no active since 12:00:03 UTC, for 12s: h1/000001 handed over; 2 passive (1 holding off)"},
		{"lease lost", terms{over(3, 1, 12*s, registry.LeaseLost)}, instances{instance(2, s)}, false,
			"no active since 12:00:03 UTC, for 12s: h1/000001 lost its lease; 1 passive"},
		{"orphaned", terms{over(3, 1, 12*s, registry.Orphaned)}, instances{instance(2, s)}, false,
			"no active since 12:00:03 UTC, for 12s: h1/000001 fell silent; 1 passive"},
		{"unregistered", terms{over(3, 1, 12*s, registry.Unregistered)}, instances{instance(2, s)}, false,
			"no active since 12:00:03 UTC, for 12s: h1/000001 lost its registration; 1 passive"},
		{"work failed", terms{over(3, 1, 12*s, registry.WorkFailed)}, instances{instance(2, s)}, false,
			"no active since 12:00:03 UTC, for 12s: h1/000001 gave up because its work kept failing; 1 passive"},
		{"not ready", terms{over(3, 1, 12*s, registry.NotReady)}, instances{instance(2, s)}, false,
			"no active since 12:00:03 UTC, for 12s: h1/000001 could not begin the work; 1 passive"},
		{"work done", terms{done}, nil, false, "work done at 12:00:03 UTC, 12s ago, by h1/000001, exit code 7"},
		{"work done well", terms{over(3, 1, 12*s, registry.WorkDone)}, nil, false, "work done at 12:00:03 UTC, 12s ago, by h1/000001, exit code 0"},
		{"work that was done once", terms{open(4, 1), over(3, 1, 12*s, registry.WorkDone)}, instances{instance(1, s)}, true, "1 active, 0 passive: nobody would take over"},
		{"work done, somebody new", terms{done}, instances{instance(2, s)}, false, "work done at 12:00:03 UTC, 12s ago, by h1/000001, exit code 7; 1 passive"},
		{"no reason", terms{over(3, 1, 12*s, "")}, instances{instance(2, s)}, false,
			"no active since 12:00:03 UTC, for 12s: the term of h1/000001 ended; 1 passive"},
		{"a reason of a later version", terms{over(3, 1, 12*s, "bored\x1b[2J")}, instances{instance(2, s)}, false,
			`no active since 12:00:03 UTC, for 12s: the term of h1/000001 ended: bored\x1b[2J; 1 passive`},
	} {
		g := picture("g", tt.terms, tt.instances, now, nil)
		if want := strings.Contains(tt.want, "exit code 0"); g.Done != want {
			t.Errorf("%s: done is %v, want %v", tt.name, g.Done, want)
		}
		if g.Healthy != tt.healthy || g.Health != tt.want {
			t.Errorf("%s:\n got %v %q\nwant %v %q", tt.name, g.Healthy, g.Health, tt.healthy, tt.want)
		}
	}
}

func TestLatestTermDecidesWhoIsActive(t *testing.T) {
	lying := func(in *registry.Instance) { in.Role, in.Term = registry.Active, 99 }
	g := picture("g", []registry.Term{open(4, 2), over(3, 1, 30*time.Minute, registry.HandedOver)},
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

func TestTermsOfAPicture(t *testing.T) {
	const s = time.Second
	term := func(number int64, from, to time.Duration, reason registry.Reason) registry.Term {
		t := over(number, int(number), to, reason)
		t.StartedAt = ago(from)
		if reason == "" {
			t.EndedAt = time.Time{}
		}
		return t
	}
	g := picture("g", []registry.Term{
		term(11, 7*s, 0, ""),
		term(10, 10*s, 7*s-40*time.Millisecond, registry.HandedOver), // to one whose last beat took 40 ms
		term(9, 14*s, 10*s-40*time.Millisecond, registry.LeaseLost),
		term(8, 20*s, 16*s, registry.LeaseLost),                   // ended once the registry was back
		term(7, 25*s, 17*s, registry.Stopped),                     // ended under its holder's next UUID
		term(6, 30*s, 27*s, registry.Unregistered),                // it found out at once
		term(5, 60*s, 25*s, registry.Unregistered),                // it found out after term 6 had begun
		term(4, 90*s, 60*s-3*time.Millisecond, registry.Orphaned), // closed by its successor
		term(3, 120*s, 0, ""),                                     // never closed
		term(2, 130*s, 140*s, registry.Stopped),
		term(1, 200*s, 150*s, registry.WorkDone),
	}, nil, now, nil)
	var got []string
	for i, term := range g.Terms {
		if i > 0 && term.To.After(g.Terms[i-1].From) {
			t.Errorf("term %d ends at %v, after the next one began", term.Number, term.To)
		}
		gap, length := "-", term.Length.String()
		if term.Gap != nil {
			gap = term.Gap.String()
		}
		if term.AtMost {
			length = "≤ " + length
		}
		got = append(got, fmt.Sprintf("%d: %s, gap %s, open %v", term.Number, length, gap, term.To.IsZero()))
	}
	want := []string{
		"11: 7.0s, gap -, open true",
		"10: 3.0s, gap 0.0s, open false",
		"9: ≤ 4.0s, gap -, open false",
		"8: ≤ 4.0s, gap -, open false",
		"7: ≤ 5.0s, gap -, open false",
		"6: 3.0s, gap 2.0s, open false",
		"5: ≤ 30s, gap -, open false",
		"4: ≤ 30s, gap -, open false",
		"3: ≤ 30s, gap -, open true",
		"2: 0.0s, gap 20s, open false",
		"1: 50s, gap 20s, open false",
	}
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("got\n%s\nwant\n%s", a, b)
	}
}

func TestSilenceBoundsTheGapAfterAnOrphan(t *testing.T) {
	const s = time.Second
	term := func(number int64, from, to, silence time.Duration, reason registry.Reason) registry.Term {
		t := over(number, int(number), to, reason)
		t.StartedAt, t.End.Silence = ago(from), silence
		return t
	}
	latest := open(9, 9)
	latest.StartedAt = ago(10 * s)
	g := picture("g", []registry.Term{
		latest,
		term(8, 100*s, 10*s-3*time.Millisecond, 61*s, registry.Orphaned), // closed by its successor
		term(7, 200*s, 102*s, 61*s, registry.Orphaned),                   // closed before that began
		term(6, 230*s, 200*s, 61*s, registry.Orphaned),                   // not heard of since it began
		term(5, 300*s, 230*s, 0, registry.Orphaned),                      // by an older version
		term(4, 400*s, 301*s, 61*s, registry.Stopped),
		term(2, 500*s, 450*s, 61*s, registry.Orphaned), // term 3 is missing
	}, nil, now, nil)
	var got []string
	for _, term := range g.Terms {
		line := fmt.Sprintf("%d: silence %v", term.Number, term.Silence)
		if term.GapAtMost != nil {
			line += fmt.Sprintf(", gap ≤ %v", *term.GapAtMost)
		}
		if term.Gap != nil {
			line += fmt.Sprintf(", gap %v", *term.Gap)
		}
		got = append(got, line)
	}
	want := []string{
		"9: silence 0.0s",
		"8: silence 1m01s, gap ≤ 1m01s",
		"7: silence 1m01s, gap ≤ 1m03s",
		"6: silence 30s, gap ≤ 30s",
		"5: silence 0.0s",
		"4: silence 0.0s, gap 1.0s",
		"2: silence 50s",
	}
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("got\n%s\nwant\n%s", a, b)
	}
}

func TestSilenceOfTheActiveOneIsInThePicture(t *testing.T) {
	instances := []registry.Instance{instance(1, 22*time.Second), instance(2, time.Second)}
	g := picture("g", []registry.Term{open(3, 1)}, instances, now, nil)
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
	g = picture("g", []registry.Term{open(3, 1)}, instances, now, nil)
	if g.Takeover != nil || g.Terms[0].Silence != 0 {
		t.Errorf("it is not silent: %+v, %v", g.Takeover, g.Terms[0].Silence)
	}
}

func TestCountOfAGroup(t *testing.T) {
	const s = time.Second
	silent := 20 * s
	for _, tt := range []struct {
		name   string
		terms  []registry.Term
		age    time.Duration // of the beat of instance 1
		active bool
		want   Count
	}{
		{"active", []registry.Term{open(3, 1)}, s, true, Count{Active: 1, Passive: 2, HoldingOff: 1, Silent: 1}},
		{"silently active", []registry.Term{open(3, 1)}, silent, true, Count{Passive: 2, HoldingOff: 1, Silent: 2}},
		{"not registered", []registry.Term{open(3, 9)}, s, false, Count{Passive: 3, HoldingOff: 1, Silent: 1}},
		{"term over", []registry.Term{over(3, 1, s, registry.Stopped)}, s, false, Count{Passive: 3, HoldingOff: 1, Silent: 1}},
	} {
		g := picture("g", tt.terms, []registry.Instance{
			instance(1, tt.age), instance(2, s), instance(3, s, holdingOff), instance(4, silent, holdingOff),
		}, now, nil)
		if got := g.Count(); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
		if in, ok := g.Active(); ok != tt.active || ok && in.ID != id(1) {
			t.Errorf("%s: active is %v, %s", tt.name, ok, in.Host)
		}
	}
	if _, ok := (Group{}).Active(); ok {
		t.Error("somebody is active in an empty group")
	}
}

func TestNameIsNoLongerThanNamesAre(t *testing.T) {
	for host, want := range map[string]string{
		"db1": "db1/000001", "": "?/000001", strings.Repeat("x", 64): strings.Repeat("x", 64) + "/000001",
		"begin" + strings.Repeat("主", 245) + "end": "begin" + strings.Repeat("主", 34) + "…" + strings.Repeat("主", 21) + "end/000001",
	} {
		if got := Name(host, id(1)); got != want {
			t.Errorf("%q: %q, want %q", host, got, want)
		}
	}
}

func TestInstantIsInUTC(t *testing.T) {
	east := time.FixedZone("", 13*60*60)
	for _, tt := range []struct {
		at   time.Time
		want string
	}{
		{now, "12:00:15"},
		{now.In(east), "12:00:15"},
		{ago(13 * time.Hour), "2026-03-03 23:00:15"},
		{ago(-12 * time.Hour), "2026-03-05 00:00:15"},
		{time.Time{}, "–"},
	} {
		if got := Instant(tt.at, now.In(east)); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.at, got, tt.want)
		}
	}
}

func TestTermThatNeverBeganCutsNoEndAndEndsNoGap(t *testing.T) {
	next := open(4, 2)
	next.StartedAt = time.Time{}
	g := picture("g", []registry.Term{next, over(3, 1, time.Minute, registry.Stopped)}, nil, now, nil)
	if want := ago(time.Minute); !g.Terms[1].To.Equal(want) || g.Terms[1].Gap != nil {
		t.Errorf("it ends at %v, gap %v, want %v and none", g.Terms[1].To, g.Terms[1].Gap, want)
	}
}

// Whatever is in the records, there is a picture, and JSON of it.
func TestGarbageMakesNoTrouble(t *testing.T) {
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
					g := picture("g\x07", terms, []registry.Instance{in, in}, at, nil)
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
						t.Fatalf("not visible: %q", text)
					}
				}
			}
		}
	}
}

func TestEmptyListsAreJSONLists(t *testing.T) {
	text, err := json.Marshal(picture("g", nil, nil, now, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"group":"g","at":"2026-03-04T12:00:15Z","healthy":false,"health":`
	if s := string(text); !strings.HasPrefix(s, want) || !strings.HasSuffix(s, `"term":0,"instances":[],"terms":[]}`) {
		t.Error(s)
	}
}

func TestTakingOverIsAMatterOfMoments(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ended := func(ago time.Duration, why registry.Reason) []Term { return []Term{{To: at.Add(-ago), Reason: why}} }
	standby := []Instance{{Role: registry.Passive}}
	for _, tt := range []struct {
		name string
		g    Group
		want bool
	}{
		{"a term ended just now", Group{Terms: ended(time.Second, registry.Stopped), Instances: standby}, true},
		{"nobody is there", Group{Terms: ended(time.Second, registry.Stopped)}, false},
		{"just now by a clock that was set back a little", Group{Terms: ended(-time.Second, registry.Stopped), Instances: standby}, true},
		{"by a clock that was set back", Group{Terms: ended(-time.Hour, registry.Stopped), Instances: standby}, false},
		{"a while ago", Group{Terms: ended(2*time.Second, registry.Stopped), Instances: standby}, false},
		{"the work is done", Group{Terms: ended(time.Second, registry.WorkDone), Instances: standby}, false},
		{"the term is open", Group{Terms: []Term{{}}, Instances: standby}, false},
		{"no term yet", Group{Instances: standby}, false},
	} {
		tt.g.At = at
		if got := tt.g.TakingOver(); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
