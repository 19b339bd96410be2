package jobs

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// good returns a definition in which every field has a value other than its default.
func good() Definition {
	return Definition{
		Name: "report", Description: "The report of every night", Schedules: []string{"30 2 * * *", "@hourly"}, Zone: "Europe/Berlin",
		Timeout: 20 * time.Minute, Retries: Retries{Max: 3, Backoff: time.Second, MaxBackoff: time.Minute, FinalExitCodes: []int{65, 78}},
		Overlap: OverlapQueue, StartWithin: 90 * time.Second, Missed: Missed{Policy: MissedAll, Limit: 10, Window: time.Hour},
		Interrupted: InterruptedFail, Drain: 5 * time.Minute, Priority: 7, StopGrace: 5 * time.Second,
		Keep: Keep{Runs: 5, Failed: 48 * time.Hour}, OnFinish: "https://hooks.example.org/x?token=abc", Disabled: true,
	}
}

func TestValidate_AcceptsWhatIsRight(t *testing.T) {
	other := Definition{Name: "publish", Then: []Then{{Job: "clean", On: OnFailure}}}
	first := good()
	first.Then = []Then{{Job: "publish"}, {Job: "clean", On: OnAlways}} // two ways to one job are no circle
	list := []Definition{first, other, {Name: "clean"}, {Name: "0", At: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)}}
	if err := Validate(list, Limits{StopGrace: 10 * time.Second}); err != nil {
		t.Error(err)
	}
	if err := Validate(nil, Limits{}); err != nil {
		t.Error(err)
	}
}

func TestDefinition_ValidateNamesTheField(t *testing.T) {
	for _, tt := range []struct {
		field  string // and part of the text
		want   string
		change func(*Definition)
	}{
		{"name", "without a name", func(d *Definition) { d.Name = "" }},
		{"name", `"Report": want 1 to 100 of a to z`, func(d *Definition) { d.Name = "Report" }},
		{"name", `".x"`, func(d *Definition) { d.Name = ".x" }},
		{"name", "101 bytes", func(d *Definition) { d.Name = strings.Repeat("a", 101) }},
		{"description", "one line", func(d *Definition) { d.Description = "a\nb" }},
		{"description", "1001 bytes", func(d *Definition) { d.Description = strings.Repeat("a", 1001) }},
		{"timezone", `no time zone "Europe/Berln"`, func(d *Definition) { d.Zone = "Europe/Berln" }},
		{"timezone", "another zone on each machine", func(d *Definition) { d.Zone = "Local" }},
		{"timezone", "another zone on each machine", func(d *Definition) { d.Zone = "localtime" }},
		{"timezone", "not on every machine", func(d *Definition) { d.Zone = "right/UTC" }},
		{"timezone", "no time zone", func(d *Definition) { d.Zone = "../UTC" }},
		{"schedule[1]", "", func(d *Definition) { d.Schedules[1] = "61 * * * *" }},
		{"schedule[1]", "", func(d *Definition) { d.Schedules[1] = "" }},
		{"schedule[0]", "never comes", func(d *Definition) { d.Schedules[0] = "0 0 30 2 *" }},
		{"schedule", "21 schedules", func(d *Definition) { d.Schedules = strings.Fields(strings.Repeat("@hourly ", 21)) }},
		{"at", "schedule as well", func(d *Definition) { d.At = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{"at", "year 1969", func(d *Definition) { d.Schedules, d.At = nil, time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{"timeout", "99ms: want a duration from 100ms to 365d", func(d *Definition) { d.Timeout = 99 * time.Millisecond }},
		{"timeout", "-1s", func(d *Definition) { d.Timeout = -time.Second }},
		{"timeout", "366d", func(d *Definition) { d.Timeout = 366 * day }},
		{"start_within", "from 1s to 24h", func(d *Definition) { d.StartWithin = time.Millisecond }},
		{"drain", "25h", func(d *Definition) { d.Drain = 25 * time.Hour }},
		{"stop_grace", "11s is more than the instance has to stop: want 10s (UNDERSTUDY_STOP_GRACE) or less", func(d *Definition) { d.StopGrace = 11 * time.Second }},
		{"stop_grace", "1ms", func(d *Definition) { d.StopGrace = time.Millisecond }},
		{"keep.failed", "1m: want a duration from 1h to 3650d", func(d *Definition) { d.Keep.Failed = time.Minute }},
		{"keep.runs", "-1", func(d *Definition) { d.Keep.Runs = -1 }},
		{"priority", "1000001", func(d *Definition) { d.Priority = 1_000_001 }},
		{"overlap", `"never": want skip, queue, replace or allow`, func(d *Definition) { d.Overlap = "never" }},
		{"interrupted", "rerun or fail", func(d *Definition) { d.Interrupted = "retry" }},
		{"retries.max", "16: want a whole number from 0 to 15", func(d *Definition) { d.Retries.Max = 16 }},
		{"retries.max", "-1", func(d *Definition) { d.Retries.Max = -1 }},
		{"retries.backoff", "25h", func(d *Definition) { d.Retries.Backoff, d.Retries.MaxBackoff = 25*time.Hour, 0 }},
		{"retries.max_backoff", "500ms is less than the backoff of 1s", func(d *Definition) { d.Retries.MaxBackoff = 500 * time.Millisecond }},
		{"retries.max_backoff", "less than the backoff of 10s", func(d *Definition) { d.Retries.Backoff, d.Retries.MaxBackoff = 0, time.Second }},
		{"retries.final_exit_codes[1]", "0: want an exit code from 1 to 255", func(d *Definition) { d.Retries.FinalExitCodes[1] = 0 }},
		{"retries.final_exit_codes[1]", "65 is there twice", func(d *Definition) { d.Retries.FinalExitCodes[1] = 65 }},
		{"missed.policy", "skip, once or all", func(d *Definition) { d.Missed = Missed{Policy: "some"} }},
		{"missed.limit", "no effect", func(d *Definition) { d.Missed = Missed{Limit: 5} }},
		{"missed.limit", "1001", func(d *Definition) { d.Missed.Limit = 1001 }},
		{"missed.window", "no effect", func(d *Definition) { d.Missed = Missed{Policy: MissedSkip, Window: time.Hour} }},
		{"missed.window", "31d", func(d *Definition) { d.Missed.Window = 31 * day }},
		{"then[0].job", "without a name", func(d *Definition) { d.Then = []Then{{}} }},
		{"then[1].job", "twice", func(d *Definition) { d.Then = []Then{{Job: "a"}, {Job: "a", On: OnFailure}} }},
		{"then[0].on", "success, failure or always", func(d *Definition) { d.Then = []Then{{Job: "a", On: "end"}} }},
		{"on_finish", "neither http:// nor https://", func(d *Definition) { d.OnFinish = "ftp://hidden.example.org" }},
		{"on_finish", "cannot be understood", func(d *Definition) { d.OnFinish = "https://hidden\x7f" }},
		{"on_finish", "no host", func(d *Definition) { d.OnFinish = "https:///hidden" }},
		{"on_finish", "in front of the host", func(d *Definition) { d.OnFinish = "https://user:hidden@example.org" }},
		{"on_finish", "a #", func(d *Definition) { d.OnFinish = "https://example.org/#hidden" }},
		{"on_finish", "2420 bytes: want 2000 or fewer", func(d *Definition) { d.OnFinish = "https://example.org/" + strings.Repeat("hidden", 400) }},
	} {
		d := good()
		tt.change(&d)
		faults, ok := errors.AsType[Faults](d.Validate(Limits{StopGrace: 10 * time.Second}))
		switch {
		case !ok || len(faults) != 1:
			t.Errorf("%s, %s: got %v, want one fault", tt.field, tt.want, faults)
		case faults[0].Field != tt.field || !strings.Contains(faults[0].Text, tt.want) || strings.Contains(faults[0].Text, "hidden"):
			t.Errorf("got %s: %s, want %s: %s", faults[0].Field, faults[0].Text, tt.field, tt.want)
		}
	}
}

func TestDefinition_ValidateDoesNotCheckAnUnknownStopGrace(t *testing.T) {
	d := good()
	d.StopGrace = time.Hour
	if err := d.Validate(Limits{}); err != nil {
		t.Error(err)
	}
}

func TestValidate_OfJobsThatBelongTogether(t *testing.T) {
	job := func(name string, then ...string) (d Definition) {
		d.Name = name
		for _, to := range then {
			d.Then = append(d.Then, Then{Job: to})
		}
		return d
	}
	var long []Definition
	for i := range 12 {
		long = append(long, job(fmt.Sprint("j", i), fmt.Sprint("j", (i+1)%12)))
	}
	for name, tt := range map[string]struct {
		list []Definition
		want []string
	}{
		"twice":    {[]Definition{job("a"), job("b"), job("a")}, []string{`job 3: name: "a" is there twice: it is also job 1`}},
		"missing":  {[]Definition{job("report"), job("b", "reprot", "zzz")}, []string{`then[0].job: there is no job "reprot": did you mean report?`, `then[1].job: there is no job "zzz"`}},
		"itself":   {[]Definition{job("a", "a")}, []string{"job a: then[0].job: it leads back to where it began: a → a:"}},
		"circle":   {[]Definition{job("x", "a"), job("a", "b"), job("b", "c"), job("c", "a")}, []string{"job c: then[0].job: it leads back to where it began: a → b → c → a:"}},
		"two ways": {[]Definition{job("a", "b", "c"), job("b", "d"), job("c", "d"), job("d")}, nil},
		"long":     {long, []string{"j0 → j1 → j2 → j3 → j4 → j5 → j6 → j7 → j8 → … (2 more) → j11 → j0"}},
	} {
		faults, _ := errors.AsType[Faults](Validate(tt.list, Limits{}))
		if len(faults) != len(tt.want) {
			t.Errorf("%s: got %v, want %q", name, faults, tt.want)
			continue
		}
		for i, want := range tt.want {
			if !strings.Contains(faults[i].String(), want) {
				t.Errorf("%s: got %s, want %s", name, faults[i], want)
			}
		}
	}
}

func TestValidate_ManyJobsInLittleTime(t *testing.T) {
	var list []Definition
	for i := range MaxJobs + 1 {
		d := Definition{Name: fmt.Sprintf("%s%05d", strings.Repeat("a", 95), i)}
		for n := range maxThen {
			d.Then = append(d.Then, Then{Job: fmt.Sprintf("%s%05d", strings.Repeat("a", 95), (i+n)%(2*MaxJobs))})
		}
		list = append(list, d)
	}
	begun := time.Now()
	faults, _ := errors.AsType[Faults](Validate(list, Limits{}))
	if took := time.Since(begun); took > time.Minute { // about a second; without bounds it takes hours
		t.Errorf("it took %v", took)
	}
	if len(faults) < 20 || faults[0].Text != "10001 jobs: want 10000 or fewer" {
		t.Errorf("%d faults, the first one is %v", len(faults), faults[:min(1, len(faults))])
	}
}

func TestDefinition_WithDefaults(t *testing.T) {
	d := Definition{Name: "a", Then: []Then{{Job: "b"}}, Retries: Retries{Backoff: time.Hour}}
	got := d.WithDefaults(time.Minute, 10*time.Second)
	if got.Zone != "UTC" || got.StartWithin != 90*time.Second || got.Retries.MaxBackoff != time.Hour || got.StopGrace != 10*time.Second ||
		got.Missed != (Missed{MissedOnce, 0, 24 * time.Hour}) || got.Keep != (Keep{100, 90 * day}) || got.Then[0].On != OnSuccess || got.Overlap != OverlapSkip || got.Interrupted != InterruptedRerun {
		t.Errorf("got %+v", got)
	}
	if d.Then[0].On != "" {
		t.Error("it changed the definition that it was given")
	}
	full := good()
	full.Then = []Then{{Job: "b", On: OnFailure}}
	if got := full.WithDefaults(time.Minute, time.Second); !reflect.DeepEqual(got, full) {
		t.Errorf("it changed values that were there:\n%+v\n%+v", got, full)
	}
	for _, policy := range MissedPolicies {
		d.Missed.Policy = policy
		if err := d.WithDefaults(time.Minute, 10*time.Second).Validate(Limits{StopGrace: 10 * time.Second}); err != nil {
			t.Errorf("%s, with all defaults: %v", policy, err)
		}
	}
}
