package jobfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/understudy-go/understudy/jobs"
)

var limits = jobs.Limits{StopGrace: 10 * time.Second}

const full = `# every key once
timezone: Europe/Berlin
jobs:
  report:
    description: The report of every night
    command: [./report, --daily, 5]
    dir: /srv
    env: {REGION: eu, N: 5, EMPTY: "", YES: yes}
    schedule: ["30 2 * * *", '@hourly']
    timezone: Asia/Tokyo
    timeout: 20m
    retries: {max: 3, backoff: 1s, max_backoff: 1h30m, final_exit_codes: [65, 78]}
    overlap: queue
    start_within: 90s
    missed: {policy: all, limit: 10, window: 1d12h}
    interrupted: fail
    drain: 5m
    stop_grace: 5s
    priority: -7
    keep: {runs: 5, failed: 7d}
    then: [{job: publish}, {job: once, on: always}]
    on_finish: https://hooks.example.org/x
    enabled: false
  publish:
    command: ./publish | tee log
    schedule: 0 3 * * 1
    missed: skip
    drain: 0s
  once:
    command: |
      cd /srv
      ./migrate
    at: 2027-01-01T00:00:00+01:00
`

func TestParse_ReadsEveryKey(t *testing.T) {
	got, err := Parse("jobs.yaml", []byte(full), limits)
	if err != nil {
		t.Fatal(err)
	}
	want := File{Jobs: []Job{{
		Definition: jobs.Definition{
			Name: "report", Description: "The report of every night", Schedules: []string{"30 2 * * *", "@hourly"}, Zone: "Asia/Tokyo",
			Timeout: 20 * time.Minute, Retries: jobs.Retries{Max: 3, Backoff: time.Second, MaxBackoff: 90 * time.Minute, FinalExitCodes: []int{65, 78}},
			Overlap: jobs.OverlapQueue, StartWithin: 90 * time.Second, Missed: jobs.Missed{Policy: jobs.MissedAll, Limit: 10, Window: 36 * time.Hour},
			Interrupted: jobs.InterruptedFail, Drain: 5 * time.Minute, StopGrace: 5 * time.Second, Priority: -7,
			Keep: jobs.Keep{Runs: 5, Failed: 7 * 24 * time.Hour}, Then: []jobs.Then{{Job: "publish"}, {Job: "once", On: jobs.OnAlways}},
			OnFinish: "https://hooks.example.org/x", Disabled: true,
		},
		Command: []string{"./report", "--daily", "5"}, Env: []string{"REGION=eu", "N=5", "EMPTY=", "YES=yes"}, Dir: "/srv",
	}, {
		Definition: jobs.Definition{Name: "publish", Schedules: []string{"0 3 * * 1"}, Zone: "Europe/Berlin", Missed: jobs.Missed{Policy: jobs.MissedSkip}},
		Command:    []string{"/bin/sh", "-c", "./publish | tee log"},
	}, {
		Definition: jobs.Definition{Name: "once", Zone: "Europe/Berlin"},
		Command:    []string{"/bin/sh", "-c", "cd /srv\n./migrate\n"},
	}}}
	if at := time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC); !got.Jobs[2].At.Equal(at) {
		t.Errorf("at: %v, want %v", got.Jobs[2].At, at)
	}
	got.Jobs[2].At = time.Time{}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for _, k := range Keys() {
		name := k.Name[strings.LastIndexByte(k.Name, '.')+1:]
		if !strings.Contains(full, name+":") {
			t.Errorf("the file of this test has no %s", k.Name)
		}
	}
}

func TestParse_AcceptsAFileWithoutJobs(t *testing.T) {
	for _, text := range []string{"jobs: {}", "---\njobs: {}\n...\n", "jobs: {}\r\ntimezone: UTC\r\n", "%YAML 1.1\n---\njobs: {}\n"} {
		if f, err := Parse("jobs.yaml", []byte(text), limits); err != nil || len(f.Jobs) != 0 {
			t.Errorf("%q: %v, %v", text, f, err)
		}
	}
}

// oneJob returns a file with a job that has another line.
func oneJob(line string) string { return "jobs:\n  a:\n    command: ./a\n    " + line + "\n" }

// mistakes are files with something wrong in them: where the problem is, and words of its
// text. If there are several problems on a line, their words are separated by a |.
var mistakes = []struct {
	text, at, want string
}{
	{"", "jobs.yaml: ", "it is empty: want jobs:"},
	{" \n\n", "jobs.yaml: ", "it is empty"},
	{"# nothing\n", "jobs.yaml: ", "nothing in it but comments"},
	{"---\n", "jobs.yaml:2:1: ", "it is nothing: want jobs:"},
	{"jobs:\n", "jobs.yaml:1:6: ", "jobs: it has no value"},
	{"[]", "jobs.yaml:1:1: ", "it is a list: want jobs:"},
	{"timezone: UTC\n", "jobs.yaml:1:1: ", "it has no jobs"},
	{"jobs: [a]", "jobs.yaml:1:7: ", "it is a list: want a mapping from names to jobs"},
	{"jobs: {}\njob: {}", "jobs.yaml:2:1: ", `unknown key "job": did you mean jobs?`},
	{"jobz: {}", "jobs.yaml:1:1: ", `unknown key "jobz": did you mean jobs?`},
	{"jobs: {}\njobs: {}", "jobs.yaml:2:1: ", `"jobs" is there twice: it is also in line 1`},
	{"jobs: {}\nTimezone: UTC", "jobs.yaml:2:1: ", "did you mean timezone?"},
	{"jobs: {}\n? [a]\n: b", "jobs.yaml:2:3: ", "a key that is a list"},
	{"jobs: {}\ntimezone: Europe/Berln", "jobs.yaml:2:11: ", `timezone: there is no time zone "Europe/Berln"`},
	{"jobs: {}\ntimezone: Local", "jobs.yaml:2:11: ", "another zone on each machine"},
	{"jobs: {}\ntimezone: 5", "jobs.yaml:2:11: ", "a number: want text; put it into quotes"},
	{"jobs: {}\n---\njobs: {}", "jobs.yaml:2:1: ", "a second document begins here"},
	{"jobs: {}\n--- # again\n", "jobs.yaml:2:1: ", "a second document begins here"},
	{"\xef\xbb\xbfjobs: {}", "jobs.yaml:1:1: ", "byte order mark"},
	{"\xff\xfej\x00", "jobs.yaml: ", "UTF-16"},
	{"jobs: {}\n# \xff", "jobs.yaml:2:3: ", "a byte that is not UTF-8"},
	{"jobs: {}\n# \x07", "jobs.yaml:2:3: ", "a control character"},
	{"jobs: {}\n# a\u2028b", "jobs.yaml:2:4: ", "a line break that cannot be seen"},
	{"jobs:\n\ta: 1", "jobs.yaml:2:1: ", "a tab: indent with spaces"},
	{"jobs:\n  a:\n  \tcommand: x", "jobs.yaml:3:3: ", "a tab: indent with spaces"},
	{"jobs: {a: {command: x}", "jobs.yaml:1:7: ", "the mapping that begins here"},
	{"jobs:\n  a: {command: [x}", "jobs.yaml:2:16: ", "the list that begins here"},
	{"jobs:\n  a: 'x\n\n\n", "jobs.yaml:2:6: ", "this quote is never closed"},
	{"jobs: {}\nfoo\n", "jobs.yaml:2:1: ", "a key without a colon"},
	{"jobs:\n  a: [x,\n", "jobs.yaml:3:1: ", "YAML cannot be understood here"},
	{"jobs:\n  a: x: y", "jobs.yaml:2:7: ", "a colon where none can be"},
	{oneJob("dir: %x"), "jobs.yaml:4:10: ", "begins with % has to be in quotes"},
	{"%YAML 1.2\n---\njobs: {}", "jobs.yaml:1:1: ", "a version of YAML that is not known"},
	{strings.Repeat("[", 20_000), "jobs.yaml:1:", "too many levels"},
	{strings.Repeat("a: {", 1) + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "}", "jobs.yaml:1:", ""},
	{"jobs: &x {}", "jobs.yaml:1:7: ", "anchors (&name) and aliases"},
	{"jobs: *x", "jobs.yaml:1:7: ", "begins with * has to be in quotes|it is text"},
	{"jobs: !x {}", "jobs.yaml:1:7: ", "tags (!name) are not used here"},
	{"jobs: {a: }", "jobs.yaml:1:11: ", "a: it is nothing: want a mapping with a command"},
	{"jobs: {a: x}", "jobs.yaml:1:11: ", "a: it is text: want a mapping"},
	{"jobs:\n  a: {}", "jobs.yaml:2:3: ", "a: it has no command"},
	{"jobs:\n  Report: {command: x}", "jobs.yaml:2:3: ", `Report: "Report": want 1 to 100 of a to z`},
	{"jobs:\n  \"a\\nb\": {command: x}", "jobs.yaml:2:3: ", `"a\nb": want 1 to 100`},
	{"jobs:\n  " + strings.Repeat("a", 101) + ": {command: x}", "jobs.yaml:2:3: ", "a name of 101 bytes"},
	{"jobs:\n  a: {command: x}\n  b: {command: x}\n  a: {command: y}", "jobs.yaml:4:3: ", `jobs: "a" is there twice: it is also in line 2`},
	{"jobs:\n  a: {comand: x}", "jobs.yaml:2:7: ", `a: unknown key "comand": did you mean command?`},
	{"jobs:\n  a: {cmd: x}", "jobs.yaml:2:7: ", `did you mean command?`},
	{"jobs:\n  a: {command: }", "jobs.yaml:2:16: ", "a: command: it has no value"},
	{"jobs:\n  a: {command: []}", "jobs.yaml:2:16: ", "empty list: want a program"},
	{"jobs:\n  a: {command: ['']}", "jobs.yaml:2:17: ", "command[0]: it is empty: want a program"},
	{"jobs:\n  a: {command: [x, [y]]}", "jobs.yaml:2:20: ", "command[1]: it is a list: want text"},
	{"jobs:\n  a: {command: [x, ~]}", "jobs.yaml:2:20: ", "command[1]: it is nothing: want text"},
	{"jobs:\n  a: {command: ' '}", "jobs.yaml:2:16: ", "it is empty"},
	{"jobs:\n  a: {command: {x: y}}", "jobs.yaml:2:16: ", "a mapping: want a list of a program"},
	{"jobs:\n  a: {command: \"a\\0b\"}", "jobs.yaml:2:16: ", "NUL"},
	{oneJob("cron: '@hourly'"), "jobs.yaml:4:5: ", `unknown key "cron": did you mean schedule?`},
	{oneJob("colour: red"), "jobs.yaml:4:5: ", `unknown key "colour": want description, command,`},
	{oneJob("schedule: 5"), "jobs.yaml:4:15: ", "schedule: it is a number: want text"},
	{oneJob("schedule: ''"), "jobs.yaml:4:15: ", "schedule: it is empty"},
	{oneJob("schedule: []"), "jobs.yaml:4:15: ", "empty list"},
	{oneJob("schedule: '0 25 * * *'"), "jobs.yaml:4:18: ", "schedule: 25 is out of range"},
	{oneJob("schedule: 0 25 * * *"), "jobs.yaml:4:17: ", "schedule: 25 is out of range"},
	{oneJob("schedule: ['0 1 * * *', 5, '0 25 * * *']"), "jobs.yaml:4:", "schedule[1]: it is a number|schedule[1]: 25 is out of range"},
	{oneJob("schedule: '0 0 30 2 *'"), "jobs.yaml:4:15: ", `schedule: "0 0 30 2 *" never comes`},
	{oneJob("schedule: */5 * * * *"), "jobs.yaml:4:15: ", "a value that begins with * has to be in quotes"},
	{oneJob("schedule: * * * * * # every minute"), "jobs.yaml:4:15: ", "a value that begins with * has to be in quotes"},
	{oneJob("schedule: @hourly"), "jobs.yaml:4:15: ", "a value that begins with @ has to be in quotes"},
	{oneJob("schedule:\n    - @hourly"), "jobs.yaml:5:7: ", "a value that begins with @ has to be in quotes"},
	{oneJob("schedule: [* * * * *]"), "jobs.yaml:4:16: ", "a value that begins with * or & has to be in quotes"},
	{oneJob("schedule: '@daily'\n    at: 2027-01-01T00:00:00Z"), "jobs.yaml:5:9: ", "at: there is a schedule as well: want one of them"},
	{oneJob("at: 2027-01-01"), "jobs.yaml:4:9: ", "want a date, a time and an offset"},
	{oneJob("at: 2027-01-01 00:00:00"), "jobs.yaml:4:9: ", "want a date, a time and an offset"},
	{oneJob("at: [x]"), "jobs.yaml:4:9: ", "it is a list: want an instant"},
	{oneJob("at: 0001-01-01T00:00:00Z"), "jobs.yaml:4:9: ", "the year 1: want one from 1970"},
	{oneJob("timezone: ''"), "jobs.yaml:4:15: ", "timezone: it is empty"},
	{oneJob("timeout: 20"), "jobs.yaml:4:14: ", `timeout: "20" is a number without a unit: want a duration such as 20s`},
	{oneJob("timeout: 20 min"), "jobs.yaml:4:14: ", `"20 min": want a duration with its unit`},
	{oneJob("timeout: 0s"), "jobs.yaml:4:14: ", "longer than 0"},
	{oneJob("timeout: -5s"), "jobs.yaml:4:14: ", "longer than 0"},
	{oneJob("timeout: 1d-5s"), "jobs.yaml:4:14: ", "want a duration"},
	{oneJob("timeout: 99999999h"), "jobs.yaml:4:14: ", "want a duration"},
	{oneJob("timeout: '+5s'"), "jobs.yaml:4:14: ", "want a duration"},
	{oneJob("drain: '0'"), "jobs.yaml:4:12: ", "want a duration"},
	{oneJob("priority: 010"), "jobs.yaml:4:15: ", "does not begin with 0"},
	{oneJob("at: 2027-01-01T1:00:00Z"), "jobs.yaml:4:9: ", "want a date, a time and an offset"},
	{oneJob("timeout: 99999d"), "jobs.yaml:4:14: ", "99999d: want a duration from 100ms to 365d"},
	{oneJob("timeout: [1m]"), "jobs.yaml:4:14: ", "a list: want text"},
	{oneJob("timeout:"), "jobs.yaml:4:", "timeout: it has no value"},
	{oneJob("stop_grace: 20s"), "jobs.yaml:4:17: ", "20s is more than the instance has to stop: want 10s (UNDERSTUDY_STOP_GRACE) or less"},
	{oneJob("overlap: never"), "jobs.yaml:4:14: ", `overlap: "never": want skip, queue, replace or allow`},
	{oneJob("overlap: true"), "jobs.yaml:4:14: ", "true or false: want text"},
	{oneJob("missed: some"), "jobs.yaml:4:13: ", `missed: "some": want skip, once or all`},
	{oneJob("missed: {limit: 5}"), "jobs.yaml:4:21: ", "missed.limit: it has no effect"},
	{oneJob("missed: {policy: all, limit: 0}"), "jobs.yaml:4:34: ", "0: want a number that is more than 0"},
	{oneJob("missed: [all]"), "jobs.yaml:4:13: ", "it is a list: want a mapping"},
	{oneJob("missed: {policy: al, window: 1h}"), "jobs.yaml:4:22: ", "want skip, once or all"},
	{oneJob("interrupted: retry"), "jobs.yaml:4:18: ", "want rerun or fail"},
	{oneJob("retries: 3"), "jobs.yaml:4:14: ", "retries: it is a number: want a mapping"},
	{oneJob("retries: {max: 16}"), "jobs.yaml:4:20: ", "retries.max: 16: want a whole number from 0 to 15"},
	{oneJob("retries: {max: 1e1}"), "jobs.yaml:4:20: ", "want a whole number"},
	{oneJob("retries: {max: '3'}"), "jobs.yaml:4:20: ", "want a whole number without quotes"},
	{oneJob("retries: {max: 99999999999}"), "jobs.yaml:4:20: ", "at most nine digits"},
	{oneJob("retries: {max: 0x10}"), "jobs.yaml:4:20: ", "want a whole number"},
	{oneJob("retries: {maxx: 3}"), "jobs.yaml:4:15: ", `retries: unknown key "maxx": did you mean max?`},
	{oneJob("retries: {final_exit_codes: [65, x, 65]}"), "jobs.yaml:4:", "final_exit_codes[1]: it is text|final_exit_codes[1]: 65 is there twice"},
	{oneJob("retries: {final_exit_codes: [256]}"), "jobs.yaml:4:34: ", "256: want an exit code from 1 to 255"},
	{oneJob("retries: {backoff: 1h, max_backoff: 1m}"), "jobs.yaml:4:41: ", "1m is less than the backoff of 1h"},
	{oneJob("priority: high"), "jobs.yaml:4:15: ", "want a whole number"},
	{oneJob("keep: {runs: 0}"), "jobs.yaml:4:18: ", "more than 0"},
	{oneJob("keep: {failed: 5}"), "jobs.yaml:4:20: ", "a number without a unit: want a duration such as 5s"},
	{oneJob("then: publish"), "jobs.yaml:4:11: ", "it is text: want a list of jobs"},
	{oneJob("then: [b]"), "jobs.yaml:4:12: ", "then[0]: it is text: want a mapping"},
	{oneJob("then: [{on: success}]"), "jobs.yaml:4:12: ", "then[0]: it names no job"},
	{oneJob("then: [{job: b}]"), "jobs.yaml:4:18: ", `then[0].job: there is no job "b"`},
	{oneJob("then: [5, {job: a}]"), "jobs.yaml:4:", "then[0]: it is a number|then[0].job: it leads back to where it began: a → a"},
	{oneJob("on_finish: ftp://x"), "jobs.yaml:4:16: ", "neither http:// nor https://"},
	{oneJob("enabled: yes"), "jobs.yaml:4:14: ", `"yes": want true or false`},
	{oneJob("enabled: 1"), "jobs.yaml:4:14: ", "want true or false"},
	{oneJob("description: |\n      a\n      b"), "jobs.yaml:4:18: ", "one line"},
	{oneJob("dir: ~/x"), "jobs.yaml:4:10: ", "not replaced here"},
	{oneJob("dir: $HOME/x"), "jobs.yaml:4:10: ", "not replaced here"},
	{oneJob("env: [A=b]"), "jobs.yaml:4:10: ", "it is a list: want a mapping from names to values"},
	{oneJob("env: {A-B: x}"), "jobs.yaml:4:11: ", `"A-B": want a name of letters`},
	{oneJob("env: {UNDERSTUDY_TERM: 1}"), "jobs.yaml:4:11: ", "names that begin with UNDERSTUDY_ are set by Understudy"},
	{oneJob("env: {A: }"), "jobs.yaml:4:", "A has no value"},
	{oneJob("env: {A: [1]}"), "jobs.yaml:4:14: ", "env.A: it is a list: want text"},
	{oneJob("env: {A: 1, A: 2}"), "jobs.yaml:4:17: ", `env: "A" is there twice`},
}

func TestParse_NamesThePlaceOfEachMistake(t *testing.T) {
	for _, tt := range mistakes {
		f, err := Parse("jobs.yaml", []byte(tt.text), limits)
		problems, ok := errors.AsType[Problems](err)
		if tt.want == "" {
			continue // it must only end
		}
		wants := strings.Split(tt.want, "|")
		if !ok || len(problems) != len(wants) || len(f.Jobs) > 0 {
			t.Errorf("%.200q: got\n%v\nwant %q", tt.text, err, wants)
			continue
		}
		for i, want := range wants {
			if text := problems[i].String(); !strings.HasPrefix(text, tt.at) || !strings.Contains(text, want) {
				t.Errorf("%.200q: got\n%s\nwant %s…%s", tt.text, text, tt.at, want)
			}
		}
	}
}

func TestParse_ReportsAllMistakesInTheOrderOfTheLines(t *testing.T) {
	_, err := Parse("jobs.yaml", []byte(`timezone: Nowhere
jobs:
  a:
    command: ./a
    schedule: */5 * * * *
    then: [{job: b}]
  b:
    command: ./b
    schedule: @daily
    timeout: 5
    then: [{job: a}]
`), limits)
	problems, _ := errors.AsType[Problems](err)
	var lines []int
	for _, p := range problems {
		lines = append(lines, p.Line)
	}
	if want := []int{1, 5, 9, 10, 11}; !reflect.DeepEqual(lines, want) {
		t.Errorf("lines %v, want %v:\n%v", lines, want, err)
	}
}

func TestParse_BoundsWhatItReports(t *testing.T) {
	text := "jobs:\n"
	for i := range 2000 {
		text += fmt.Sprintf("  j%d: {command: x, schedule: '99 * * * *', then: [{job: no%d}]}\n", i, i)
	}
	_, err := Parse("jobs.yaml", []byte(text), limits)
	problems, _ := errors.AsType[Problems](err)
	if len(problems) != maxProblems+1 || !strings.Contains(problems[maxProblems].Text, "and more problems") {
		t.Errorf("%d problems", len(problems))
	}
	text = "jobs:\n"
	for i := range jobs.MaxJobs + 1 {
		text += fmt.Sprintf("  j%d: {command: x}\n", i)
	}
	if _, err := Parse("jobs.yaml", []byte(text), limits); err == nil || !strings.Contains(err.Error(), "10001 jobs: want 10000 or fewer") {
		t.Errorf("too many jobs: %v", err)
	}
	if f, err := Parse("jobs.yaml", []byte(strings.Replace(text, "  j0: {command: x}\n", "", 1)), limits); err != nil || len(f.Jobs) != jobs.MaxJobs {
		t.Errorf("as many jobs as there may be: %v", err)
	}
	if _, err := Parse("jobs.yaml", make([]byte, MaxSize+1), limits); err == nil || err.Error() != "jobs.yaml: it has more than 4 MiB: split it into groups of their own" {
		t.Errorf("too large: %v", err)
	}
}

func TestRead_SaysWhyAFileCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]string{
		dir:                          dir + ": cannot read it: it is a directory: want a file",
		filepath.Join(dir, "none"):   filepath.Join(dir, "none") + ": cannot read it: ",
		filepath.Join(dir, "a\x00b"): ": cannot read it: ",
	} {
		_, err := Read(name, limits)
		problems, ok := errors.AsType[Problems](err)
		if !ok || len(problems) != 1 || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", name, err, want)
		}
	}
	file := filepath.Join(dir, "jobs.yaml")
	if err := os.WriteFile(file, []byte(full), 0o600); err != nil {
		t.Fatal(err)
	}
	if f, err := Read(file, limits); err != nil || len(f.Jobs) != 3 {
		t.Errorf("%v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		full, "", "jobs: {}", "jobs: &a [*a]", "jobs:\n  a: *b\n", "jobs:\n  a:\n    schedule: */5 * * * *\n", "\xef\xbb\xbfjobs:\r\n  a: {env: {A: b}}", "? [a]\n: b\n---\n", "jobs: {<<: {a: b}}",
		"jobs:\n  \"\\u0000\": {command: x}", "jobs: {a: {command: !!binary x, at: 2027-01-01, then: [{job: a}, 5, {job: b}]}}", "jobs: {a: {command: x, env: {A: \"\n\n\", B: [1]}}}",
		"jobs: {a: {command: x, schedule: \"\\u00e4 * * * *\"}}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("jobs.yaml", data, limits)
		problems, ok := errors.AsType[Problems](err)
		switch {
		case err == nil:
			if err := jobs.Validate(file.Definitions(), limits); err != nil {
				t.Errorf("a file that was accepted has jobs that are wrong: %v", err)
			}
			for _, j := range file.Jobs {
				if _, err := j.Timetable("g"); err != nil || len(j.Command) == 0 || j.Command[0] == "" {
					t.Errorf("job %s: %v, command %q", j.Name, err, j.Command)
				}
			}
		case !ok || len(problems) == 0 || len(problems) > maxProblems+1:
			t.Errorf("%T with %d problems", err, len(problems))
		}
		for _, p := range problems {
			if strings.ContainsAny(p.Source, "\n\t\x1b") || p.Line > 0 && (p.Column < 1 || p.Source == "" && p.Line > strings.Count(string(data), "\n")+strings.Count(string(data), "\r")+1) || p.Text == "" || strings.ContainsFunc(p.Text, func(r rune) bool { return !unicode.IsGraphic(r) }) {
				t.Errorf("%+v", p)
			}
			_ = p.String()
		}
	})
}
