package crontab

import (
	"fmt"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/jobfile"
)

// variable is a variable that was set for the lines that follow.
type variable struct{ name, value string }

// set reads a line that sets a variable.
func (im *importer) set(line string) {
	parts := setting().FindStringSubmatch(line)
	name, value := parts[1]+parts[2]+parts[3], parts[4]
	if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[0] == value[n-1] {
		value = value[1 : n-1]
	}
	switch name {
	case "MAILTO":
		if value != "" {
			im.refuse(line, "no mail is sent: output goes to the record of the run, and on_finish tells of its end")
		}
		return
	case "MAILFROM", "CONTENT_TYPE", "CONTENT_TRANSFER_ENCODING":
		im.refuse(line, "no mail is sent, so it has no effect")
		return
	case "RANDOM_DELAY":
		im.refuse(line, "there is no random delay: an H in a schedule spreads jobs")
		return
	case "CRON_TZ":
		if _, err := jobs.LoadZone(value); err != nil {
			im.refuse(line, err.Error())
			return
		}
	}
	switch {
	case !jobfile.IsVariable(name):
		im.refuse(line, fmt.Sprintf("%.100q cannot be the name of a variable", name))
		return
	case len(value) > jobfile.MaxArgument:
		im.refuse(line, "its value is too long")
		return
	}
	for i, v := range im.env {
		if v.name == name {
			im.env[i].value = value
			return
		}
	}
	im.env = append(im.env, variable{name, value})
}

// lookup returns the value of a variable, or "".
func (im *importer) lookup(name string) string {
	for _, v := range im.env {
		if v.name == name {
			return v.value
		}
	}
	return ""
}
