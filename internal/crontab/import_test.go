package crontab

import (
	"bytes"
	"fmt"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/jobfile"
)

// imported returns a jobs file, its jobs, and the remarks as lines.
func imported(t *testing.T, text string, o Options) (file string, list []jobfile.Job, remarks []string) {
	t.Helper()
	out, notes, err := Import([]byte(text), o)
	if err != nil {
		t.Fatal(err)
	}
	f, err := jobfile.Parse("imported", out, jobs.Limits{})
	if err != nil {
		t.Fatalf("the file is refused:\n%v\n%s", err, out)
	}
	for _, r := range notes {
		remarks = append(remarks, fmt.Sprintf("%d: %s", r.Line, r.Text))
		if r.Line > 0 && !strings.Contains(string(out), ": "+r.Text+"\n") {
			t.Errorf("the file does not say %q:\n%s", r.Text, out)
		}
	}
	return string(out), f.Jobs, remarks
}

func TestImport_DoesTheSame(t *testing.T) {
	const text = `# nightly
SHELL = "/bin/bash"
PATH='/usr/local/bin:/usr/bin'
HOME=/srv/app
30 2 * * * /usr/local/bin/Backup.sh --full
	*/5  *	* * mon,fri   cd /srv && php artisan queue:work  # not the end
@midnight FOO=1 nice -n 10 ./clean

CRON_TZ=America/New_York
# before work
# and after it
0 9,17 * * 1-5 /opt/tools/backup --keep "a: b" 'c'
MAILTO=""
PATH=
SHELL=/bin/sh
@every_minute true
`
	file, list, remarks := imported(t, text, Options{Zone: "Europe/Berlin"})
	if len(remarks) > 0 {
		t.Errorf("remarks %q", remarks)
	}
	job := func(name, schedule, zone string, env []string, dir string, command ...string) jobfile.Job {
		return jobfile.Job{
			Definition: jobs.Definition{Name: name, Schedules: []string{schedule}, Zone: zone, Overlap: jobs.OverlapAllow, Missed: jobs.Missed{Policy: jobs.MissedSkip}},
			Env:        env, Dir: dir, Command: command,
		}
	}
	bash := []string{"SHELL=/bin/bash", "PATH=/usr/local/bin:/usr/bin", "HOME=/srv/app"}
	want := []jobfile.Job{
		job("backup", "30 2 * * *", "Europe/Berlin", bash, "/srv/app", "/bin/bash", "-c", "/usr/local/bin/Backup.sh --full"),
		job("artisan", "*/5 * * * mon,fri", "Europe/Berlin", bash, "/srv/app", "/bin/bash", "-c", "cd /srv && php artisan queue:work  # not the end"),
		job("clean", "@midnight", "Europe/Berlin", bash, "/srv/app", "/bin/bash", "-c", "FOO=1 nice -n 10 ./clean"),
		job("backup-2", "0 9,17 * * 1-5", "America/New_York", bash, "/srv/app", "/bin/bash", "-c", `/opt/tools/backup --keep "a: b" 'c'`),
		job("job", "* * * * *", "America/New_York", []string{"SHELL=/bin/sh", "PATH=", "HOME=/srv/app"}, "/srv/app", "/bin/sh", "-c", "true"),
	}
	if !reflect.DeepEqual(list, want) {
		t.Errorf("got\n%+v\nwant\n%+v", list, want)
	}
	for _, part := range []string{"jobs:\n  # nightly\n  backup:\n", "\n\n  # before work\n  # and after it\n  backup-2:\n", "\ntimezone: Europe/Berlin\n"} {
		if !strings.Contains(file, part) {
			t.Errorf("want %q in\n%s", part, file)
		}
	}
}

func TestImport_NamesWhatCannotBeSaid(t *testing.T) {
	for _, tt := range []struct {
		text, want string
		kept       string // a line of the file
		jobs       int
	}{
		{"MAILTO=root\n* * * * * x", "1: no mail is sent", "  #   MAILTO=root\n", 1},
		{"MAILFROM=x", "1: no mail is sent", "  #   MAILFROM=x\n", 0},
		{"RANDOM_DELAY=5", "1: there is no random delay", "", 0},
		{"\n@reboot ./x", "2: a group of instances has no boot", "  #   @reboot ./x\n", 0},
		{"@often x", "1: ", "  #   @often x\n", 0},
		{"0 0 30 2 * x", "1: \"0 0 30 2 *\" never comes", "  #   0 0 30 2 * x\n", 0},
		{"61 * * * * x", "1: 61 is out of range", "", 0},
		{"0~30 * * * * x", "1: ", "", 0},
		{"hello", "1: it is no line of a crontab", "  #   hello\n", 0},
		{"* * * * *", "1: it is no line of a crontab", "", 0},
		{"* * * * * %x", "1: it has no command", "", 0},
		{"CRON_TZ=Nowhere\n* * * * * x", "1: there is no time zone \"Nowhere\"", "", 1},
		{"A-B=1", "1: \"A-B\" cannot be the name of a variable", "", 0},
		{"UNDERSTUDY_TERM=1", "1: \"UNDERSTUDY_TERM\" cannot be", "", 0},
		{"* * * * * a\x01b", "1: there is a control character", "  #   * * * * * a?b\n", 0},
		{"* * * * * a\xffb", "1: there is a control character or a byte that is not UTF-8", "", 0},
		{"SHELL=/usr/bin/fish\n* * * * * x%y\n* * * * * z", "2: it gives text to its stdin by a %", "", 1},
		{"* * * * * root /x", "1: its command is root: if this is a crontab of the system", "  # NOTE: its command is root", 1},
	} {
		file, list, remarks := imported(t, tt.text, Options{Zone: "UTC"})
		if len(remarks) != 1 || !strings.HasPrefix(remarks[0], tt.want) || len(list) != tt.jobs || !strings.Contains(file, tt.kept) {
			t.Errorf("%q: %d jobs, remarks %q, want %d and %q, and %q in\n%s", tt.text, len(list), remarks, tt.jobs, tt.want, tt.kept, file)
		}
	}
}

func TestImport_OfTheSystem(t *testing.T) {
	_, list, remarks := imported(t, "17 * * * *\troot\tcd / && run-parts /etc/cron.hourly\n@daily www-data php x.php\n* * * * * alone\n", Options{System: true, Zone: "UTC"})
	if len(list) != 2 || list[0].Name != "run-parts" || list[0].Command[2] != "cd / && run-parts /etc/cron.hourly" || list[1].Name != "x" {
		t.Errorf("%+v", list)
	}
	want := []string{"1: it ran as the user root; here it runs as the user of Understudy", "2: it ran as the user www-data; here it runs as the user of Understudy", "3: it has no command after the user"}
	if !reflect.DeepEqual(remarks, want) {
		t.Errorf("remarks %q", remarks)
	}
}

func TestImport_PercentIsStdinAsWithCron(t *testing.T) {
	for line, want := range map[string]string{
		`cat%Hello,%%it's late`:   "Hello,\n\nit's late\n",
		`cat%a%`:                  "a\n",
		`cat%`:                    "\n",
		`cat # no comment%a\%b`:   "a%b\n",
		`echo 100\% \a`:           "100% a\n",
		`cat%\a "$HOME" ` + "`x`": "\\a \"$HOME\" `x`\n",
	} {
		_, list, remarks := imported(t, "* * * * * "+line, Options{Zone: "UTC"})
		if len(list) != 1 || len(remarks) > 0 {
			t.Fatalf("%s: %+v, %q", line, list, remarks)
		}
		if _, err := exec.LookPath("/bin/sh"); err != nil {
			t.Skipf("there is no shell to run it: %v", err)
		}
		out, err := exec.CommandContext(t.Context(), list[0].Command[0], list[0].Command[1:]...).Output()
		if err != nil || string(out) != want {
			t.Errorf("%s: %v, got %q, want %q; the command is\n%s", line, err, out, want, list[0].Command[2])
		}
	}
}

func TestImport_SaysThatTheZoneIsNotKnown(t *testing.T) {
	file, list, remarks := imported(t, "* * * * * x", Options{})
	if len(remarks) != 1 || !strings.HasPrefix(remarks[0], "0: the time zone of this machine is not known") || !strings.Contains(file, "# TO DO: the time zone") || list[0].Zone != "UTC" {
		t.Errorf("%q\n%s", remarks, file)
	}
}

func TestImport_BoundsItsSize(t *testing.T) {
	for name, text := range map[string]string{
		"the crontab":   strings.Repeat("#\n", MaxSize),
		"the jobs file": "A=" + strings.Repeat("x", 10_000) + "\n" + strings.Repeat("* * * * * x\n", 1000),
	} {
		if _, _, err := Import([]byte(text), Options{}); err == nil {
			t.Errorf("%s is too large, and there is no error", name)
		}
	}
	begun := time.Now()
	_, list, remarks := imported(t, strings.Repeat("* * * * * x\n", jobs.MaxJobs+3), Options{Zone: "UTC"})
	if len(list) != jobs.MaxJobs || len(remarks) != 3 || !strings.Contains(remarks[2], "10003: a jobs file has 10000 jobs at most") {
		t.Errorf("%d jobs, %d remarks", len(list), len(remarks))
	}
	if took := time.Since(begun); took > time.Minute {
		t.Errorf("jobs of one name took %v", took)
	}
}

func TestProgram_IsWhatTheCommandIsAbout(t *testing.T) {
	for command, want := range map[string]string{
		"/usr/local/bin/backup.sh --full":                     "backup",
		"cd /srv && ./report":                                 "report",
		"(cd /srv; A=b sudo -u www-data x)":                   "www-data",
		"flock -n /tmp/x.lock ./sync":                         "sync",
		"[ -x /usr/sbin/anacron ] || run-parts /etc/daily":    "run-parts",
		"bash -c 'curl -s https://example.org/x'":             "curl",
		"python3 /opt/app/manage.py clearsessions":            "manage",
		"nice -n 19 find /tmp -delete":                        "find",
		"true":                                                "job",
		"\"Über Programm\"":                                   "ber",
		"%%%":                                                 "job",
		"a." + strings.Repeat("x", 200):                       "a-" + strings.Repeat("x", 58),
		"docker exec app rake x":                              "docker",
		"printf 'x' | { mail":                                 "mail",
		"PATH=/bin:$PATH; export PATH; exec /opt/do-it --now": "do-it",
	} {
		if got := program(command); got != want {
			t.Errorf("%s: %s, want %s", command, got, want)
		}
	}
}

func TestLocalZone_IsThatOfTheVariable(t *testing.T) {
	for tz, want := range map[string]string{"Europe/Berlin": "Europe/Berlin", ":Asia/Tokyo": "Asia/Tokyo", "": "UTC", "CET-1CEST": "", "Local": ""} {
		t.Setenv("TZ", tz)
		if got := LocalZone(); got != want {
			t.Errorf("TZ=%s: %q, want %q", tz, got, want)
		}
	}
}

// Whatever a crontab has in it, the jobs file is accepted, and each line is a job or is
// named.
func FuzzImport(f *testing.F) {
	for _, text := range []string{
		"", "# a\n* * * * * x", "A=b\n0 0 * * * a%b%c\\%d\n@reboot x\n", "\"A\" = 'x'\n@daily root x", "CRON_TZ=UTC\nSHELL=/bin/bash\nHOME=/\n1 1 1 1 1 \"x: {}\" # y", "\xff\n\ufeff\u2028\n* * * * * \u2028\ufeff", "* * * * * null\n* * * * * true\n* * * * * yes",
	} {
		f.Add([]byte(text), true)
		f.Add([]byte(text), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, system bool) {
		out, remarks, err := Import(data, Options{System: system, Zone: "Europe/Berlin"})
		if err != nil {
			return
		}
		file, err := jobfile.Parse("imported", out, jobs.Limits{StopGrace: time.Second})
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		lines := map[int]bool{}
		for _, r := range remarks {
			lines[r.Line] = true
			if strings.ContainsAny(r.Text, "\n\r\x1b") {
				t.Errorf("%q", r.Text)
			}
		}
		work := 0
		for i, line := range bytes.Split(bytes.TrimPrefix(data, []byte("\ufeff")), []byte("\n")) {
			line = bytes.TrimSpace(line)
			if len(line) > 0 && line[0] != '#' && !setting().Match(line) && !lines[i+1] {
				work++
			}
		}
		if len(file.Jobs) < work {
			t.Errorf("%d jobs for %d lines that nothing was said about:\n%s", len(file.Jobs), work, out)
		}
	})
}
