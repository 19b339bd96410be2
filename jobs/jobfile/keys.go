package jobfile

import (
	"fmt"
	"strings"

	"github.com/understudy-go/understudy/jobs"
)

// Key describes a key of the jobs file for documents.
type Key struct {
	Name    string // with the keys above it, such as retries.max
	Default string
	Meaning string
}

// key is a key of a mapping, and how its value is read into a T.
type key[T any] struct {
	name    string
	missing string // the default, for the documents
	meaning string
	read    func(v value, to *T)
	below   []Key // the keys of its value, if that is a mapping
}

// topKeys are the keys of the file.
var topKeys = []key[reader]{
	{"timezone", "`UTC`", "the time zone of all jobs that name none: an IANA name such as `Europe/Berlin`", readTimezone, nil},
	{"jobs", "required", "the jobs, each by its name: 1 to 100 of `a` to `z`, `0` to `9`, and after the first also `.` `_` `-`. `{}` is none; 10,000 at most", readJobs, nil},
}

// jobKeys are the keys of a job.
var jobKeys = []key[Job]{
	{"description", "none", "one line for people, at most 1,000 bytes", func(v value, j *Job) { j.Description = v.description() }, nil},
	{"command", "required", "a list is a program and its arguments, which is executed; text is run by `/bin/sh -c`", func(v value, j *Job) { j.Command = v.command() }, nil},
	{"dir", "the directory of Understudy", "the directory in which the command runs; `~` and `$NAME` are not replaced", func(v value, j *Job) { j.Dir = v.directory() }, nil},
	{"env", "none", "variables of its environment besides those of Understudy; their names must not begin with `UNDERSTUDY_`", func(v value, j *Job) { j.Env = v.env() }, nil},
	{"schedule", "none", "when it is due, or a list of that: `\"30 2 * * *\"`, `\"@hourly\"`, `\"@every 10m\"`, `\"H 3 * * *\"`. Put it into quotes, as YAML gives `*` and `@` a meaning. At most 20. Without `schedule` and `at` a job runs when it is triggered", func(v value, j *Job) { j.Schedules = v.schedules() }, nil},
	{"at", "none", "the only instant at which it is due, with its offset, such as `2027-01-01T00:00:00+01:00`; a job has `schedule` or `at`", func(v value, j *Job) { j.At = v.instant() }, nil},
	{"timezone", "that of the file", "the time zone of its schedules", func(v value, j *Job) { j.Zone = v.zone() }, nil},
	{"timeout", "no limit", "how long an attempt may take; then it is told to stop, and after `stop_grace` it is killed with all its processes. From `100ms` to `365d`", func(v value, j *Job) { j.Timeout = v.duration(false) }, nil},
	{"retries", "", "what follows an attempt that failed", readRetries, describe("retries", retryKeys)},
	{"overlap", "`skip`", "what happens when it is due while a run of it has not ended: `skip` (no run; with `missed: all` it waits), `queue` (it waits), `replace` (the run of an earlier slot is cancelled; it waits for one that somebody asked for) or `allow` (both run)", func(v value, j *Job) { j.Overlap = choice(v, jobs.Overlaps) }, nil},
	{"start_within", "T + `30s`", "how late a run may start and still be on time; later it counts as missed. T is `UNDERSTUDY_ORPHAN_AFTER`, so that a takeover loses nothing. From `1s` to `24h`", func(v value, j *Job) { j.StartWithin = v.duration(false) }, nil},
	{"missed", "`once`", "which missed slots run late: `skip` (none), `once` (the latest), `all`; or a mapping", readMissed, describe("missed", missedKeys)},
	{"interrupted", "`rerun`", "what happens to a run whose instance went away: `rerun` (it starts again, three times at most) or `fail`", func(v value, j *Job) { j.Interrupted = choice(v, jobs.Interruptions) }, nil},
	{"drain", "`0s`", "how long an orderly stop or a handover lets a run finish before it is told to stop. Up to `24h`", func(v value, j *Job) { j.Drain = v.duration(true) }, nil},
	{"stop_grace", "`UNDERSTUDY_STOP_GRACE`", "how long an attempt that was told to stop may take before it is killed; at most `UNDERSTUDY_STOP_GRACE`", func(v value, j *Job) { j.StopGrace = v.duration(false) }, nil},
	{"priority", "`0`", "of the runs that wait, the one with the highest priority goes first. From `-1000000` to `1000000`", func(v value, j *Job) { j.Priority = v.integer(true) }, nil},
	{"keep", "", "how long the records of its runs are kept", readKeep, describe("keep", keepKeys)},
	{"then", "none", "a list of jobs that run when a run of this one has ended, at most 20; they must not lead back to it", func(v value, j *Job) { j.Then = v.then() }, describe("then[]", thenKeys)},
	{"on_finish", "none", "an `http` or `https` URL that is told of each run that has ended. It may hold a secret, and is not shown", func(v value, j *Job) { j.OnFinish = v.url() }, nil},
	{"enabled", "`true`", "`false` takes the job out of use: it is never due, and misses no slot. It can still be triggered", func(v value, j *Job) { j.Disabled = !v.boolean(true) }, nil},
}

var retryKeys = []key[jobs.Retries]{
	{"max", "`0`", "how many more attempts there are after the first one. Up to `15`", func(v value, r *jobs.Retries) { r.Max = v.integer(true) }, nil},
	{"backoff", "`10s`", "the pause before the second attempt, which doubles from attempt to attempt. From `100ms` to `24h`", func(v value, r *jobs.Retries) { r.Backoff = v.duration(false) }, nil},
	{"max_backoff", "`10m`, or `backoff` if that is longer", "the longest pause. Up to `24h`", func(v value, r *jobs.Retries) { r.MaxBackoff = v.duration(false) }, nil},
	{"final_exit_codes", "none", "a list of exit codes, from 1 to 255, after which there is no other attempt", func(v value, r *jobs.Retries) { r.FinalExitCodes = v.integers() }, nil},
}

var missedKeys = []key[jobs.Missed]{
	{"policy", "`once`", "`skip`, `once` or `all`", func(v value, m *jobs.Missed) { m.Policy = choice(v, jobs.MissedPolicies) }, nil},
	{"limit", "`100`", "with `all`: how many of the latest ones run. Up to `1000`", func(v value, m *jobs.Missed) { m.Limit = v.integer(false) }, nil},
	{"window", "`24h`", "how old a slot may be and still run. From `1m` to `30d`", func(v value, m *jobs.Missed) { m.Window = v.duration(false) }, nil},
}

var keepKeys = []key[jobs.Keep]{
	{"runs", "`100`", "how many of the latest runs that have ended are kept. Up to `100000`", func(v value, k *jobs.Keep) { k.Runs = v.integer(false) }, nil},
	{"failed", "`90d`", "how long a run that failed is kept, even if it is none of the latest ones. From `1h` to `3650d`", func(v value, k *jobs.Keep) { k.Failed = v.duration(false) }, nil},
}

var thenKeys = []key[jobs.Then]{
	{"job", "required", "the name of the job that runs then", func(v value, t *jobs.Then) { t.Job = v.text() }, nil},
	{"on", "`success`", "after which outcomes: `success`, `failure` (any other end) or `always`", func(v value, t *jobs.Then) { t.On = choice(v, jobs.Ons) }, nil},
}

// misnamed has names that other programs give to keys, with our names.
var misnamed = map[string]string{
	"cron": "schedule", "schedules": "schedule", "when": "schedule", "every": "schedule",
	"cmd": "command", "run": "command", "exec": "command", "script": "command",
	"environment": "env", "environ": "env", "cwd": "dir", "workdir": "dir", "working_dir": "dir", "directory": "dir",
	"tz": "timezone", "time_zone": "timezone", "zone": "timezone",
	"retry": "retries", "concurrency": "overlap", "deadline": "timeout", "disabled": "enabled",
	"catch_up": "missed", "catchup": "missed", "misfire": "missed", "webhook": "on_finish",
}

// describe returns the keys of a mapping for the documents.
func describe[T any](above string, keys []key[T]) (list []Key) {
	for _, k := range keys {
		name := k.name
		if above != "" {
			name = above + "." + name
		}
		list = append(list, Key{Name: name, Default: k.missing, Meaning: k.meaning})
		list = append(list, k.below...)
	}
	return list
}

// Keys returns all keys of a jobs file and of a job.
func Keys() []Key { return append(fileKeys(), describe("", jobKeys)...) }

// Table returns a table of all keys of a jobs file in Markdown.
func Table() string {
	var b strings.Builder
	for _, part := range []struct {
		head string
		keys []Key
	}{{"Of the file", fileKeys()}, {"Of a job", describe("", jobKeys)}} {
		fmt.Fprintf(&b, "| %s | Default | Meaning |\n|---|---|---|\n", part.head)
		for _, k := range part.keys {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k.Name, k.Default, k.Meaning)
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}
