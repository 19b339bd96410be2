package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.RunRole(map[string]testkit.Role{
		"cli": func(args []string) int { return Main(context.Background(), args, os.Stdout, os.Stderr) },
	})
	os.Exit(mongotest.Main(m))
}

// inProcess runs the program in this process. It must not get so far that it joins a
// group, because an instance makes this process the parent of its orphans.
func inProcess(args ...string) (code int, stdout, stderr string) {
	var out bytes.Buffer
	var log testkit.LogBuffer // the line that an answer takes long may be written after the end
	code = Main(context.Background(), args, &out, &log)
	return code, out.String(), testkit.WithoutWaiting(log.String())
}

func TestMain_WrongUsageIs64(t *testing.T) {
	testkit.CleanEnv(t)
	for _, tt := range []struct {
		args string
		want string
	}{
		{"foo", `unknown command "foo": to run a program, put it after --, as in understudy -- foo`},
		{"run foo", `as in understudy run -- foo`},
		{"foo -- bar", `unknown command "foo"`},
		{"--", "nothing after --: name the command to run"},
		{"run --", "nothing after --"},
		{"--nope", "unknown flag: --nope (see understudy --help)"},
		{"run --nope", "unknown flag: --nope (see understudy run --help)"},
		{"-x", "unknown shorthand flag"},
		{"histroy", `unknown command "histroy": did you mean history? To run a program, put it after --, as in understudy -- histroy`},
		{"h", "did you mean handover, health or history? "},
		{"version", "did you mean --version? "},
		{"help nope", `no help for "nope": see understudy --help`},
		{"help statsu", `no help for "statsu": did you mean status?`},
		{"help run nope", `no help for "run nope": see understudy run --help`},
		{"completion", "completion: want bash, fish, powershell or zsh, got nothing"},
		{"completion bsh", `completion: want bash, fish, powershell or zsh, got "bsh"`},
		{"completion bash now", `completion bash takes no arguments, got "now"`},
		{"jobs chek", `jobs: unknown command "chek": did you mean check?`},
		{"jobs run", `jobs: unknown command "run": want pause, resume, check or import; the runs of a job are shown by understudy runs JOB`},
		{"jobs check", "jobs check: want the name of a jobs file, or - for stdin"},
		{"jobs check a b", `jobs check takes one file, got also "b"`},
		{"jobs check a -n 0", "-n 0: want a number of instants from 1 to 100"},
		{"jobs check a -n x", "-n x: want a number of instants from 1 to 100"},
		{"jobs check a --from tomorrow", `--from "tomorrow": want an instant since 1970 with its offset`},
		{"jobs check a --from 2027-01-01", `--from "2027-01-01": want an instant`},
		{"jobs check a --registry x", "unknown flag: --registry (see understudy jobs check --help)"},
		{"jobs import", "jobs import: want the name of a crontab, or - for stdin"},
		{"help jobs chek", `no help for "jobs chek": did you mean check?`},
		{"jobs pause", "jobs pause: want the name of a job"},
		{"jobs pause a b", `jobs pause takes one job, got also "b"`},
		{"jobs pause A", `jobs pause: job "A": want a name of 1 to 100 characters`},
		{"jobs pause a --why " + strings.Repeat("w", 257), "--why has 257 bytes: want up to 256"},
		{"jobs resume", "jobs resume: want the name of a job"},
		{"runs a b", `runs takes one job, got also "b"`},
		{"runs A/1", `runs: job "A/1": want a name of`},
		{"runs -n 0", "-n 0: want a number of runs from 1 to 1000"},
		{"runs -n 1001", "-n 1001: want a number of runs from 1 to 1000"},
		{"runs --status done", `--status "done": want one of waiting, processing, completed, failed, timed-out, exited, skipped, cancelled, or several`},
		{"runs --status failed,", `--status "": want one of waiting`},
		{"runs --since yesterday", `--since "yesterday": want a time such as 30m, 2h or 7d, or an instant`},
		{"runs --since -2h", `--since "-2h": want a time`},
		{"runs --since 0d", `--since "0d": want a time`},
		{"runs --since 99999d", `--since "99999d": want a time`},
		{"runs show", "runs show: want JOB/RUN, as the command runs prints it; the runs of a job that is called show are listed by runs -- show"},
		{"runs show report", `runs show: run "report": want JOB/RUN`},
		{"runs show a/1 b/2", `runs show takes one run, got also "b/2"`},
		{"runs show a/1 --json --follow", "--json and --follow: want one of them"},
		{"runs cancel", "listed by runs -- cancel"},
		{"runs retry", "listed by runs -- retry"},
		{"trigger", "trigger: want the name of a job"},
		{"trigger a b", `trigger takes one job, got also "b"`},
		{"trigger a --priority high", "--priority high: want a whole number from -1000000 to 1000000"},
		{"trigger a --priority 1000001", "--priority 1000001: want a whole number"},
		{"trigger a --at 06:00", `--at "06:00": want an instant since 1970 with its offset`},
		{"trigger a --key=", `--key: key "": want 1 to 200 bytes of printable ASCII`},
		{"trigger a --json --follow", "--json and --follow: want one of them"},
		{"trigger a --payload=", "--payload is empty: want a file, - for stdin, or JSON"},
		{"trigger a --payload {", "--payload is no JSON: unexpected end of JSON input"},
		{"trigger a --payload ./no-such-file", "--payload: open ./no-such-file: "},
		{"demo now", `understudy: demo takes no arguments, got "now"`},
		{"demo --fast", "unknown flag: --fast"},
		{"tick tock", "takes no arguments"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			code, stdout, stderr := inProcess(strings.Fields(tt.args)...)
			if code != exitcode.Usage || stdout != "" {
				t.Errorf("exit code %d, stdout %q, want %d and nothing", code, stdout, exitcode.Usage)
			}
			testkit.WantLine(t, stderr, "understudy: ", tt.want)
		})
	}
}

func TestHelp_GoesToStdout(t *testing.T) {
	testkit.CleanEnv(t, "UNDERSTUDY_GROUP=not a name") // help is there whatever is wrong
	if code, stdout, stderr := inProcess("help", "completion", "bash"); code != exitcode.OK || stderr != "" || !strings.Contains(stdout, "source <(understudy completion bash)") {
		t.Errorf("help completion bash: exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	for _, args := range []string{"--help", "-h", "help", "run --help", "help run"} {
		code, stdout, stderr := inProcess(strings.Fields(args)...)
		if code != exitcode.OK || stderr != "" {
			t.Errorf("%s: exit code %d, stderr %q, want 0 and nothing", args, code, stderr)
		}
		for _, want := range []string{"UNDERSTUDY_REGISTRY ", "UNDERSTUDY_ORPHAN_AFTER ", "Exit codes:", "understudy -- ./consumer", "understudy demo"} {
			if !strings.Contains(stdout, want) {
				t.Errorf("%s: want %q in\n%s", args, want, stdout)
			}
		}
		if strings.Contains(stdout, "tick\t") || strings.Contains(stdout, "  tick ") {
			t.Errorf("%s: shows the hidden command tick:\n%s", args, stdout)
		}
	}
}

func TestHelp_NamesWhatTheCommandNeeds(t *testing.T) {
	testkit.CleanEnv(t)
	for name, tt := range map[string]struct {
		want string // words
		none string
	}{
		"status":      {"UNDERSTUDY_REGISTRY UNDERSTUDY_GROUP UNDERSTUDY_CONNECT_TIMEOUT codes: 69 understood 130", "UNDERSTUDY_RESTART 127"},
		"history":     {"UNDERSTUDY_REGISTRY UNDERSTUDY_GROUP UNDERSTUDY_CONNECT_TIMEOUT codes: 69 understood 130", "UNDERSTUDY_RESTART 127"},
		"handover":    {"UNDERSTUDY_REGISTRY UNDERSTUDY_GROUP UNDERSTUDY_CONNECT_TIMEOUT codes: 69 understood 130", "UNDERSTUDY_RESTART 127"},
		"check":       {"UNDERSTUDY_REGISTRY, UNDERSTUDY_GROUP UNDERSTUDY_CONNECT_TIMEOUT codes: 69 130", "UNDERSTUDY_RESTART 127"},
		"health":      {"UNDERSTUDY_HTTP_ADDR codes: 78 130", "UNDERSTUDY_REGISTRY 69"},
		"jobs":        {"UNDERSTUDY_REGISTRY UNDERSTUDY_GROUP Usage: pause resume check import codes: 69 130", "UNDERSTUDY_RESTART 127"},
		"jobs pause":  {"UNDERSTUDY_REGISTRY UNDERSTUDY_GROUP --why codes: 69 130", "UNDERSTUDY_RESTART 127"},
		"jobs resume": {"UNDERSTUDY_REGISTRY UNDERSTUDY_GROUP codes: 69 130", "UNDERSTUDY_RESTART 127"},
		"runs":        {"UNDERSTUDY_REGISTRY UNDERSTUDY_GROUP show cancel retry timed-out codes: 69 130", "UNDERSTUDY_RESTART 127"},
		"runs show":   {"UNDERSTUDY_REGISTRY UNDERSTUDY_GROUP --output --follow codes: 69 130", "UNDERSTUDY_RESTART 127"},
		"runs cancel": {"UNDERSTUDY_REGISTRY UNDERSTUDY_GROUP --why codes: 69 130", "UNDERSTUDY_RESTART 127"},
		"runs retry":  {"UNDERSTUDY_REGISTRY UNDERSTUDY_GROUP codes: 69 130", "UNDERSTUDY_RESTART 127"},
		"trigger":     {"UNDERSTUDY_REGISTRY UNDERSTUDY_GROUP UNDERSTUDY_PAYLOAD_FILE codes: 65 69 75 124 125 130 143", "UNDERSTUDY_RESTART 127"},
		"jobs check":  {"UNDERSTUDY_GROUP UNDERSTUDY_STOP_GRACE codes: 78", "UNDERSTUDY_REGISTRY 69"},
		"jobs import": {"MAILTO codes: 78", "UNDERSTUDY_ 69"},
		"demo":        {"Usage:", "UNDERSTUDY_ codes:"},
		"completion":  {"Usage:", "UNDERSTUDY_ codes:"},
	} {
		_, stdout, _ := inProcess(append(strings.Fields(name), "--help")...)
		for _, word := range strings.Fields(tt.want) {
			if !strings.Contains(stdout, word) {
				t.Errorf("%s: want %q in\n%s", name, word, stdout)
			}
		}
		for _, word := range append(strings.Fields(tt.none), "no value") {
			if strings.Contains(stdout, word) {
				t.Errorf("%s: want no %q in\n%s", name, word, stdout)
			}
		}
	}
}

// A unit or an image may have a "--" for those who have a command, too.
func TestMain_NothingAfterTheDashIsNoMistakeWithAJobsFile(t *testing.T) {
	testkit.CleanEnv(t)
	missing := filepath.Join(t.TempDir(), "jobs.yaml")
	for _, tt := range []struct {
		env, args string
		want      int
	}{
		{"", "--jobs " + missing + " --", exitcode.Config},
		{"", "run --jobs " + missing + " --", exitcode.Config},
		{missing, "--", exitcode.Config},
		{missing, "run --", exitcode.Config},
		{"", "--", exitcode.Usage},
	} {
		t.Setenv("UNDERSTUDY_JOBS", tt.env)
		code, _, stderr := inProcess(strings.Fields(tt.args)...)
		if code != tt.want || strings.Contains(stderr, missing+": cannot read it: no such file") != (tt.want == exitcode.Config) {
			t.Errorf("UNDERSTUDY_JOBS=%s %s: exit code %d, want %d: %s", tt.env, tt.args, code, tt.want, stderr)
		}
	}
}

func TestMain_PrintsTheVersion(t *testing.T) {
	testkit.CleanEnv(t)
	code, stdout, stderr := inProcess("--version")
	if code != exitcode.OK || stderr != "" || !strings.HasPrefix(stdout, "understudy ") || len(strings.Fields(stdout)) != 2 {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestRun_BadConfigurationIs78WithAllMistakes(t *testing.T) {
	testkit.CleanEnv(t,
		"UNDERSTUDY_REGISTRY=mongodb://app:hunter2@",
		"UNDERSTUDY_GROUP=no way",
		"UNDERSTUDY_ORPHAN_AFTER=60",
		"UNDERSTUDY_RESTART=sometimes",
		"UNDERSTUDY_STOP_GRASE=1s")
	code, stdout, stderr := inProcess("--", "true")
	if code != exitcode.Config || stdout != "" {
		t.Errorf("exit code %d, stdout %q, want %d and nothing", code, stdout, exitcode.Config)
	}
	for _, want := range []string{
		"UNDERSTUDY_REGISTRY=", `UNDERSTUDY_GROUP="no way"`, "UNDERSTUDY_ORPHAN_AFTER=\"60\": want a duration such as 60s",
		"UNDERSTUDY_RESTART=\"sometimes\": want always, on-failure or never", "did you mean UNDERSTUDY_STOP_GRACE?",
	} {
		if strings.Count(stderr, want) != 1 {
			t.Errorf("want %q once in\n%s", want, stderr)
		}
	}
	if strings.Contains(stderr, "hunter2") {
		t.Errorf("the password is shown:\n%s", stderr)
	}
}

func TestRun_ResolvesTheCommandFirst(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		command string
		code    int
		want    string
	}{
		{filepath.Join(dir, "none"), exitcode.NotFound, "command not found"},
		{"understudy-no-such-command", exitcode.NotFound, "command not found"},
		{plain, exitcode.NotExecutable, "command not executable"},
		{dir, exitcode.NotExecutable, "command not executable"},
	} {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY=sqlite:"+filepath.Join(dir, "registry.db"))
		code, stdout, stderr := inProcess("--", tt.command)
		if code != tt.code || stdout != "" {
			t.Errorf("%s: exit code %d, stdout %q, want %d and nothing", tt.command, code, stdout, tt.code)
		}
		testkit.WantLine(t, stderr, "understudy: ", tt.want, tt.command)
	}
	if _, err := os.Stat(filepath.Join(dir, "registry.db")); err == nil {
		t.Error("it touched the registry first")
	}
}

func TestRun_HookThatCannotRunIsBadConfiguration(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{filepath.Join(dir, "none"), "understudy-no-such-command", plain, dir} {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY=sqlite:"+filepath.Join(dir, "registry.db"), "UNDERSTUDY_ON_CHANGE="+program+" arg")
		code, stdout, stderr := inProcess("--", "true")
		if code != exitcode.Config || stdout != "" {
			t.Errorf("%s: exit code %d, stdout %q, want %d and nothing", program, code, stdout, exitcode.Config)
		}
		testkit.WantLine(t, stderr, "understudy: UNDERSTUDY_ON_CHANGE=", program, "want a program that can be executed")
	}
	if _, err := os.Stat(filepath.Join(dir, "registry.db")); err == nil {
		t.Error("it touched the registry first")
	}
}

func TestRun_StoppedWhileConnectingIs0(t *testing.T) {
	testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY=sqlite:"+filepath.Join(t.TempDir(), "registry.db"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out, log bytes.Buffer
	if code := Main(ctx, nil, &out, &log); code != exitcode.OK {
		t.Errorf("exit code %d:\n%s", code, log.String())
	}
}
