package crontab

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/understudy-go/understudy/jobs"
)

// head writes what stands before the jobs.
func (im *importer) head(out *strings.Builder) {
	out.WriteString(`# Made from a crontab by "understudy jobs import".
#
# As with cron, a run starts even if the one before still goes on (overlap: allow), and
# what was due while nothing was active is left out (missed: skip). Without these lines a
# run is skipped while another one goes on, and the latest one that was missed runs late.
#
# cron starts a command in the home directory, with little more than HOME, LOGNAME and
# PATH in its environment. Here it starts in the directory of Understudy, with its
# environment. The keys dir and env change that.
`)
	switch im.Zone {
	case "":
		im.remarks = append(im.remarks, Remark{0, "the time zone of this machine is not known, and cron uses it: write it into the line timezone:"})
		out.WriteString("\n# TO DO: the time zone of the machine that cron ran on, which is not known here.\ntimezone: UTC\n")
	default:
		fmt.Fprintf(out, "\n# The time zone of the machine where this file was made, since cron uses that.\ntimezone: %s\n", quote(im.Zone))
	}
	if len(im.names) == 0 {
		out.WriteString("jobs: {}\n")
	} else {
		out.WriteString("jobs:\n")
	}
}

// write writes a job, after the comments before it.
func (im *importer) write(d jobs.Definition, shell, command string) {
	for _, comment := range im.comments {
		im.body.WriteString(comment)
	}
	im.comments = nil
	line := func(key, value string) { fmt.Fprintf(&im.body, "    %s: %s\n", key, value) }
	fmt.Fprintf(&im.body, "  %s:\n", quote(d.Name))
	line("schedule", strconv.Quote(d.Schedules[0]))
	if d.Zone != "" {
		line("timezone", quote(d.Zone))
	}
	if shell == "/bin/sh" {
		line("command", quote(command))
	} else {
		line("command", "["+quote(shell)+", -c, "+quote(command)+"]")
	}
	var env []string
	for _, v := range im.env {
		if v.name == "HOME" && strings.HasPrefix(v.value, "/") {
			line("dir", quote(v.value)) // cron goes there
		}
		if v.name != "CRON_TZ" {
			env = append(env, v.name+": "+quote(v.value))
		}
	}
	if len(env) > 0 {
		line("env", "{"+strings.Join(env, ", ")+"}")
	}
	line("overlap", string(jobs.OverlapAllow))
	line("missed", string(jobs.MissedSkip))
}

// quote returns a value of YAML: in double quotes, whose escapes are those of Go for text
// that is UTF-8.
func quote(text string) string {
	if plain().MatchString(text) && !special[strings.ToLower(text)] {
		return text
	}
	return strconv.Quote(text)
}
