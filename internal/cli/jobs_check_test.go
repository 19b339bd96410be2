package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/testkit"
)

// inFile writes text into a file of its own, and returns its path.
func inFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const jobsText = `timezone: Europe/Berlin
jobs:
  report: {command: ./report, schedule: ["30 2 * * *", "0 12 * * *"]}
  spread: {command: ./x, schedule: H H * * *, timezone: UTC}
  publish: {command: ./publish}
  once: {command: ./once, at: 2027-04-01T00:00:00+09:00}
  past: {command: ./once, at: 2027-01-01T00:00:00Z}
  off: {command: ./off, schedule: "@hourly", enabled: false}
`

func TestJobsCheck_ShowsInstantsInBothZones(t *testing.T) {
	// It needs no registry, and nothing else of the configuration.
	testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY=nonsense", "UNDERSTUDY_ORPHAN_AFTER=nonsense", "UNDERSTUDY_STOP_GRACE=5s")
	file := inFile(t, "jobs.yaml", jobsText)
	code, stdout, stderr := inProcess("jobs", "check", file, "--from", "2027-03-27T02:30:00+01:00", "-n", "3")
	hashed := regexp.MustCompile(`(?m)(^spread: .*\n)(  .*\n){3}`)
	const want = `report: 30 2 * * *, 0 12 * * * in Europe/Berlin
  Sat 2027-03-27 02:30:00 +01:00   2027-03-27T01:30:00Z
  Sat 2027-03-27 12:00:00 +01:00   2027-03-27T11:00:00Z
  Sun 2027-03-28 03:00:00 +02:00   2027-03-28T01:00:00Z
spread: H H * * * in UTC
publish: triggered only
once: once
  Thu 2027-04-01 00:00:00 +09:00   2027-03-31T15:00:00Z
past: once
  its instant 2027-01-01T00:00:00Z has passed
off: @hourly in Europe/Berlin
  not enabled
`
	if got := hashed.ReplaceAllString(stdout, "$1"); code != exitcode.OK || stderr != "" || got != want || got == stdout {
		t.Errorf("exit code %d, stderr %q, stdout\n%s", code, stderr, stdout)
	}
	if _, stdout, _ := inProcess("jobs", "check", file, "--from", "2027-03-27T02:30:00+01:00"); strings.Count(stdout, "\n  ") != 5+5+1+1+1 {
		t.Errorf("five by default:\n%s", stdout)
	}
}

func TestJobsCheck_HDependsOnTheGroup(t *testing.T) {
	file := inFile(t, "jobs.yaml", jobsText)
	show := func(args ...string) string {
		_, stdout, _ := inProcess(append([]string{"jobs", "check", file, "--from", "2027-01-01T00:00:00Z", "-n1"}, args...)...)
		return stdout
	}
	testkit.CleanEnv(t, "UNDERSTUDY_GROUP=orders")
	other := show()
	testkit.CleanEnv(t)
	if show("--group", "orders") != other || show() == other {
		t.Errorf("the group has no effect:\n%s", other)
	}
}

func TestJobsCheck_PrintsAllProblems(t *testing.T) {
	testkit.CleanEnv(t)
	file := inFile(t, "jobs.yaml", "jobs:\n  a:\n    comand: x\n    timeout: 20\n    env: {A-B: hunter2}\n")
	code, stdout, stderr := inProcess("jobs", "check", file)
	want := "understudy: 3 problems in " + file + ":\n" +
		file + ":3:5: a: unknown key \"comand\": did you mean command?\n    3 |     comand: …\n      |     ^\n" +
		file + ":4:14: a: timeout: \"20\" is a number without a unit: want a duration such as 20s\n    4 |     timeout: 20\n      |              ^\n" +
		file + ":5:11: a: env: \"A-B\": want a name of letters, digits and _ that does not begin with a digit\n    5 |     env: …\n      |          ^\n"
	if code != exitcode.Config || stdout != "" || stderr != want {
		t.Errorf("exit code %d, stdout %q, stderr\n%s\nwant\n%s", code, stdout, stderr, want)
	}

	code, stdout, stderr = inProcess("jobs", "check", file, "--json")
	var r struct {
		OK       bool
		Problems []map[string]any
		Jobs     []any
	}
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != exitcode.Config || stderr != "" || r.OK || len(r.Problems) != 3 || r.Jobs == nil || len(r.Jobs) != 0 {
		t.Fatalf("--json: %v, exit code %d, stderr %q\n%s", err, code, stderr, stdout)
	}
	p := r.Problems[1]
	if p["file"] != file || p["line"] != 4.0 || p["column"] != 14.0 || p["source"] != "    timeout: 20" || !strings.HasPrefix(p["text"].(string), "a: timeout: ") {
		t.Errorf("%v", p)
	}
}

func TestJobsCheck_AsJSON(t *testing.T) {
	testkit.CleanEnv(t)
	code, stdout, stderr := inProcess("jobs", "check", inFile(t, "jobs.yaml", jobsText), "--json", "--from", "2027-03-28T00:00:00Z", "-n1")
	var r struct {
		OK          bool
		Group, From string
		Problems    []any
		Jobs        []struct {
			Name, Timezone, At string
			Enabled            bool
			Schedules          []string
			Next               []struct{ Local, UTC string }
		}
	}
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != exitcode.OK || stderr != "" {
		t.Fatalf("%v, exit code %d, stderr %q\n%s", err, code, stderr, stdout)
	}
	if !r.OK || r.Group != "default" || r.From != "2027-03-28T00:00:00Z" || r.Problems == nil || len(r.Jobs) != 6 {
		t.Errorf("%+v", r)
	}
	report, once, off := r.Jobs[0], r.Jobs[3], r.Jobs[5]
	if report.Name != "report" || report.Timezone != "Europe/Berlin" || !report.Enabled || len(report.Schedules) != 2 || report.Next[0].Local != "2027-03-28T03:00:00+02:00" || report.Next[0].UTC != "2027-03-28T01:00:00Z" {
		t.Errorf("%+v", report)
	}
	if once.At != "2027-04-01T00:00:00+09:00" || once.Next[0].UTC != "2027-03-31T15:00:00Z" || once.Schedules == nil {
		t.Errorf("%+v", once)
	}
	if off.Enabled || off.Next == nil || len(off.Next) != 0 {
		t.Errorf("%+v", off)
	}
}

func TestJobsCheck_RefusesWhatItCannotRead(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		name, want string
		env        []string
	}{
		{dir, dir + ": cannot read it: it is a directory: want a file", nil},
		{filepath.Join(dir, "none\x1b"), `none\x1b: cannot read it: `, nil},
		{inFile(t, "jobs.yaml", ""), "jobs.yaml: it is empty", nil},
		{inFile(t, "jobs.yaml", jobsText), `UNDERSTUDY_STOP_GRACE="10": want a duration such as 10s`, []string{"UNDERSTUDY_STOP_GRACE=10"}},
		{inFile(t, "jobs.yaml", jobsText), `UNDERSTUDY_GROUP="a b": group name`, []string{"UNDERSTUDY_GROUP=a b"}},
		{inFile(t, "jobs.yaml", jobsText), "UNDERSTUDY_GROUP is set but empty", []string{"UNDERSTUDY_GROUP="}},
		{inFile(t, "jobs.yaml", "jobs: {a: {command: x, stop_grace: 2s}}"), "2s is more than the instance has to stop: want 1s (UNDERSTUDY_STOP_GRACE) or less", []string{"UNDERSTUDY_STOP_GRACE=1s"}},
	} {
		testkit.CleanEnv(t, tt.env...)
		code, stdout, stderr := inProcess("jobs", "check", tt.name)
		if code != exitcode.Config || stdout != "" || strings.Contains(stderr, "\x1b") {
			t.Errorf("%s: exit code %d, stdout %q, want %d and nothing", tt.name, code, stdout, exitcode.Config)
		}
		if !strings.HasPrefix(stderr, "understudy: ") || !strings.Contains(stderr, tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, stderr, tt.want)
		}
	}
}

func TestJobsCheck_AcceptsTheExample(t *testing.T) {
	testkit.CleanEnv(t)
	code, stdout, stderr := inProcess("jobs", "check", "../../deploy/jobs.example.yaml")
	if code != exitcode.OK || stderr != "" || !strings.Contains(stdout, "report: 30 2 * * * in Europe/Berlin\n  ") {
		t.Errorf("exit code %d, stderr %q\n%s", code, stderr, stdout)
	}
}

func TestJobs_HelpHasAFileThatIsRight(t *testing.T) {
	testkit.CleanEnv(t)
	_, help, _ := inProcess("jobs", "--help")
	var file strings.Builder
	for line := range strings.Lines(help) {
		if text, ok := strings.CutPrefix(line, "  "); ok && !strings.HasPrefix(text, "understudy") {
			file.WriteString(text)
		} else if file.Len() > 0 {
			break
		}
	}
	code, stdout, stderr := inProcess("jobs", "check", inFile(t, "jobs.yaml", file.String()))
	if code != exitcode.OK || !strings.Contains(stdout, "report: 30 2 * * * in Europe/Berlin\n") || !strings.Contains(stdout, "publish: triggered only\n") {
		t.Errorf("exit code %d, stderr %q, stdout\n%s", code, stderr, stdout)
	}
}

func TestJobsCheck_SaysThatThereAreNoJobs(t *testing.T) {
	testkit.CleanEnv(t)
	code, stdout, stderr := inProcess("jobs", "check", inFile(t, "jobs.yaml", "jobs: {}"))
	if code != exitcode.OK || stdout != "" || stderr != "understudy: there are no jobs in it\n" {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestJobsImport_PrintsWhatCheckAccepts(t *testing.T) {
	testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY=nonsense")
	t.Setenv("TZ", "Europe/Berlin")
	file := inFile(t, "crontab", "# nightly\n0 2 * * * /opt/backup --full\n@reboot /opt/start\n")
	code, stdout, stderr := inProcess("jobs", "import", file)
	if code != exitcode.OK || !strings.Contains(stdout, "\n  # nightly\n  backup:\n") {
		t.Fatalf("exit code %d, stdout\n%s", code, stdout)
	}
	testkit.WantLine(t, stderr, "understudy: "+file+":3: a group of instances has no boot")
	code, stdout, stderr = inProcess("jobs", "check", inFile(t, "jobs.yaml", stdout), "-n1", "--from", "2027-01-01T00:00:00Z")
	if code != exitcode.OK || stderr != "" || stdout != "backup: 0 2 * * * in Europe/Berlin\n  Fri 2027-01-01 02:00:00 +01:00   2027-01-01T01:00:00Z\n" {
		t.Errorf("check: exit code %d, stderr %q, stdout\n%s", code, stderr, stdout)
	}

	_, stdout, stderr = inProcess("jobs", "import", "--system", inFile(t, "crontab", "0 2 * * * root /opt/backup\n"))
	testkit.WantLine(t, stderr, "it ran as the user root")
	if !strings.Contains(stdout, "command: /opt/backup\n") {
		t.Error(stdout)
	}
	for _, name := range []string{t.TempDir(), "/no/such/crontab"} {
		code, stdout, stderr := inProcess("jobs", "import", name)
		if code != exitcode.Config || stdout != "" {
			t.Errorf("%s: exit code %d, stdout %q", name, code, stdout)
		}
		testkit.WantLine(t, stderr, "understudy: "+name+": cannot read it: ")
	}
}

func TestJobs_ReadStdin(t *testing.T) {
	testkit.CleanEnv(t)
	t.Setenv("TZ", "UTC")
	for _, tt := range []struct{ command, text, stdout, stderr string }{
		{"check", "jobs: {a: {command: x}}", "a: triggered only\n", ""},
		{"check", "jobs: {a: {}}", "", "understudy: stdin:1:8: a: it has no command: want one"},
		{"import", "0 2 * * * x\n@reboot y\n", "\n  x:\n    schedule: \"0 2 * * *\"\n", "understudy: stdin:2: a group of instances has no boot"},
	} {
		in, err := os.Open(inFile(t, "in", tt.text))
		if err != nil {
			t.Fatal(err)
		}
		before := os.Stdin
		os.Stdin = in
		_, stdout, stderr := inProcess("jobs", tt.command, "-")
		os.Stdin = before
		in.Close()
		if !strings.Contains(stdout, tt.stdout) || !strings.HasPrefix(stderr, tt.stderr) || tt.stderr == "" && stderr != "" {
			t.Errorf("%s: stdout %q, stderr %q", tt.command, stdout, stderr)
		}
	}
}
