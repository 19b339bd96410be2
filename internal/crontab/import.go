package crontab

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/understudy-go/understudy/internal/pattern"
	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/jobfile"
)

// MaxSize is the most bytes that a crontab may have.
const MaxSize = 1 << 20

// Options say what a crontab does not.
type Options struct {
	// System is set for /etc/crontab and files of /etc/cron.d, where the name of a user
	// stands before the command.
	System bool
	// Zone is the time zone of the machine. Empty: it is not known.
	Zone string
}

// Remark is something that the jobs file does not say as the crontab did.
type Remark struct {
	Line int // of the crontab, from 1; 0: it is about all of it
	Text string
}

// ErrTooLarge says that there is too much for one jobs file.
var ErrTooLarge = errors.New("there is too much in it for one jobs file: split it")

// Import returns a jobs file.
func Import(crontab []byte, o Options) (file []byte, remarks []Remark, err error) {
	im := importer{Options: o, names: map[string]bool{}, counts: map[string]int{}}
	text := strings.TrimPrefix(strings.TrimSuffix(string(crontab), "\n"), "\ufeff")
	for i, line := range strings.Split(text, "\n") {
		im.line = i + 1
		im.read(strings.TrimSuffix(line, "\r"))
	}
	for _, comment := range im.comments { // those after the last job
		im.body.WriteString(comment)
	}
	var b strings.Builder
	im.head(&b)
	b.WriteString(im.body.String())
	if len(crontab) > MaxSize || b.Len() > jobfile.MaxSize {
		return nil, nil, ErrTooLarge
	}
	return []byte(b.String()), im.remarks, nil
}

// importer reads a crontab.
type importer struct {
	Options
	line     int
	env      []variable
	comments []string // lines of the jobs file that stand before the next job
	names    map[string]bool
	counts   map[string]int // from the name of a program to how many of its jobs have a number
	mixed    bool           // a command began with root, although there is no column for a user
	body     strings.Builder
	remarks  []Remark
}

var (
	// setting matches a line that sets a variable. The name may be in quotes.
	setting = pattern.Lazy(`^\s*(?:"([^"]*)"|'([^']*)'|([^\s="']+))\s*=\s*(.*?)\s*$`)
	// timed matches the fields of a line and what follows them.
	timed = pattern.Lazy(`^\s*(@\S+|\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$`)
	// owned matches the user of a line of the system's crontab, and the command.
	owned = pattern.Lazy(`^(\S+)\s+(.*)$`)
)

func (im *importer) read(line string) {
	trimmed := strings.TrimSpace(line)
	switch {
	case trimmed == "":
		im.comments = append(im.comments, "\n")
	case trimmed[0] == '#':
		im.comment(strings.TrimSpace(trimmed[1:]))
	case !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return r != '\t' && unicode.IsControl(r) }):
		im.refuse(line, "there is a control character or a byte that is not UTF-8 in it")
	case setting().MatchString(line):
		im.set(line)
	case timed().MatchString(line):
		parts := timed().FindStringSubmatch(line)
		im.job(line, strings.Join(strings.Fields(parts[1]), " "), parts[2])
	default:
		im.refuse(line, "it is no line of a crontab: want five fields, or @daily or the like, and a command")
	}
}

// comment keeps a comment for the job that follows.
func (im *importer) comment(text string) {
	im.comments = append(im.comments, strings.TrimRight("  # "+visible(text), " ")+"\n")
}

// visible replaces what must not stand in a comment of YAML.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case !unicode.IsGraphic(r):
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}

// refuse keeps a line as a comment, and says why it is nothing else.
func (im *importer) refuse(line, why string) {
	im.note("NOT IMPORTED: ", why)
	im.comment("  " + strings.TrimSpace(line))
}

// note says that something is not as in the crontab, on stderr and in the file.
func (im *importer) note(mark, text string) {
	text = visible(text)
	im.remarks = append(im.remarks, Remark{im.line, text})
	im.comment(mark + text)
}

// job reads a line that says when to run a command.
func (im *importer) job(line, schedule, command string) {
	user := ""
	if im.System {
		parts := owned().FindStringSubmatch(command)
		if parts == nil {
			im.refuse(line, "it has no command after the user")
			return
		}
		user, command = parts[1], parts[2]
	}
	command, stdin, hasStdin := split(command)
	shell := im.lookup("SHELL")
	if shell == "" {
		shell = "/bin/sh"
	}
	switch {
	case strings.EqualFold(schedule, "@reboot"):
		im.refuse(line, "a group of instances has no boot: start it by a unit of systemd, or by a line of its own on each machine")
		return
	case len(im.names) == jobs.MaxJobs:
		im.refuse(line, fmt.Sprintf("a jobs file has %d jobs at most", jobs.MaxJobs))
		return
	case strings.TrimSpace(command) == "":
		im.refuse(line, "it has no command")
		return
	case hasStdin && !posixShells[base(shell)]:
		im.refuse(line, "it gives text to its stdin by a %, and how to do that in this SHELL is not known")
		return
	}
	if hasStdin {
		command = "printf '%s\\n' " + inQuotes(stdin) + " | {\n" + command + "\n}"
	}
	if len(command) > jobfile.MaxArgument {
		im.refuse(line, "its command is too long")
		return
	}
	d := jobs.Definition{Name: im.name(command), Schedules: []string{nickname(schedule)}, Zone: im.lookup("CRON_TZ")}
	if faults, wrong := errors.AsType[jobs.Faults](d.Validate(jobs.Limits{})); wrong {
		im.refuse(line, faults[0].Text)
		return
	}
	im.names[d.Name] = true
	if user != "" {
		im.note("NOTE: ", "it ran as the user "+user+"; here it runs as the user of Understudy")
	}
	if word, _, _ := strings.Cut(command, " "); !im.System && word == "root" && !im.mixed {
		im.mixed = true
		im.note("NOTE: ", "its command is root: if this is a crontab of the system, which has a column for the user, use --system")
	}
	im.write(d, shell, command)
}

// nickname replaces names that only some crons have.
func nickname(schedule string) string {
	switch strings.ToLower(schedule) {
	case "@every_minute":
		return "* * * * *"
	case "@annually", "@yearly", "@monthly", "@weekly", "@daily", "@midnight", "@hourly":
		return strings.ToLower(schedule)
	}
	return schedule
}
