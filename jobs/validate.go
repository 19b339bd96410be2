package jobs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/understudy-go/understudy/internal/wording"
	"github.com/understudy-go/understudy/jobs/schedule"
	"github.com/understudy-go/understudy/jobs/store"
)

// Limits are what definitions may ask for at most. They depend on the instance.
type Limits struct {
	// StopGrace is the stop grace of the instance. 0: it is not known, and not checked.
	StopGrace time.Duration
}

const (
	// MaxJobs is the most jobs that a group may have.
	MaxJobs = store.MaxJobs

	maxDescription = 1000
	maxSchedules   = 20
	maxThen        = 20
	maxURL         = 2000
	maxRetries     = 15 // with the first attempt and three interruptions they fit into the 20 attempts of a record
	maxMissed      = 1000
	maxRuns        = 100_000
	maxExitCodes   = 255

	day = 24 * time.Hour
)

// Validate returns everything that is wrong with the jobs of a group, as [Faults], or nil.
func Validate(list []Definition, limits Limits) error {
	var faults Faults
	if len(list) > MaxJobs {
		faults = append(faults, Fault{Field: "jobs", Text: fmt.Sprintf("%d jobs: want %d or fewer", len(list), MaxJobs)})
	}
	for i, d := range list {
		v := validation{index: i, Definition: d}
		v.all(limits)
		faults = append(faults, v.faults...)
	}
	faults = append(faults, checkLinks(list)...)
	if len(faults) == 0 {
		return nil
	}
	return faults
}

// Validate returns everything that is wrong with a definition by itself, as [Faults], or
// nil. Whether the jobs of Then exist, only the function Validate knows.
func (d Definition) Validate(limits Limits) error {
	v := validation{Definition: d}
	if v.all(limits); len(v.faults) > 0 {
		return v.faults
	}
	return nil
}

// validation collects the faults of one definition.
type validation struct {
	Definition
	index  int
	faults Faults
}

func (v *validation) add(field, format string, args ...any) {
	v.faults = append(v.faults, Fault{Index: v.index, Job: v.Name, Field: field, Text: fmt.Sprintf(format, args...)})
}

func (v *validation) all(limits Limits) {
	v.name("name", v.Name)
	switch {
	case len(v.Description) > maxDescription:
		v.add("description", "%d bytes: want %d or fewer", len(v.Description), maxDescription)
	case !utf8.ValidString(v.Description) || strings.ContainsFunc(v.Description, unicode.IsControl):
		v.add("description", "want text on one line, without control characters")
	}
	v.times()
	v.rules(limits)
	v.retries()
	v.missed()
	v.then()
	if err := checkURL(v.OnFinish); err != nil {
		v.add("on_finish", "%v", err)
	}
}

func (v *validation) name(field, name string) {
	const want = "want 1 to 100 of a to z, 0 to 9, and after the first also . _ -"
	switch {
	case name == "":
		v.add(field, "a job without a name: %s", want)
	case len(name) > store.MaxJob:
		v.add(field, "a name of %d bytes: %s", len(name), want)
	case store.CheckJob(name) != nil:
		v.add(field, "%q: %s", name, want)
	}
}

// times checks when the job is due.
func (v *validation) times() {
	zone, err := LoadZone(v.Zone)
	if err != nil {
		v.add("timezone", "%v", err)
		zone = time.UTC
	}
	if len(v.Schedules) > maxSchedules {
		v.add("schedule", "%d schedules: want %d or fewer", len(v.Schedules), maxSchedules)
	}
	for i, text := range v.Schedules {
		field := fmt.Sprintf("schedule[%d]", i)
		s, err := schedule.Parse(text, "")
		wrong, ok := errors.AsType[*schedule.Error](err)
		switch {
		case ok:
			v.add(field, "%s", wrong.Reason)
			v.faults[len(v.faults)-1].Offset = wrong.Offset
		case err != nil:
			v.add(field, "%v", err)
		case s.Next(validFrom, zone).IsZero():
			v.add(field, "%s never comes: there is no such day", wording.Quote(text))
		}
	}
	switch year := v.At.UTC().Year(); {
	case v.At.IsZero():
	case len(v.Schedules) > 0:
		v.add("at", "there is a schedule as well: want one of them")
	case year < 1970 || year > 9999:
		v.add("at", "the year %d: want one from 1970 to 9999", year)
	}
}

// validFrom is the instant after which a schedule has to come at least once. It is a fixed
// one, so that a definition does not become wrong by itself.
var validFrom = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// rules checks the single values.
func (v *validation) rules(limits Limits) {
	v.duration("timeout", v.Timeout, 100*time.Millisecond, 365*day)
	v.duration("start_within", v.StartWithin, time.Second, day)
	v.duration("drain", v.Drain, 0, day)
	switch {
	case limits.StopGrace > 0 && v.StopGrace > limits.StopGrace:
		v.add("stop_grace", "%s is more than the instance has to stop: want %s (UNDERSTUDY_STOP_GRACE) or less", wording.Span(v.StopGrace), wording.Span(limits.StopGrace))
	default:
		v.duration("stop_grace", v.StopGrace, 100*time.Millisecond, 12*time.Hour)
	}
	v.duration("keep.failed", v.Keep.Failed, time.Hour, 3650*day)
	v.number("keep.runs", v.Keep.Runs, 1, maxRuns)
	if v.Priority < -store.MaxPriority || v.Priority > store.MaxPriority {
		v.add("priority", "%d: want a whole number from %d to %d", v.Priority, -store.MaxPriority, store.MaxPriority)
	}
	choose(v, "overlap", v.Overlap, Overlaps)
	choose(v, "interrupted", v.Interrupted, Interruptions)
}

func (v *validation) retries() {
	r := v.Retries
	if r.Max < 0 || r.Max > maxRetries {
		v.add("retries.max", "%d: want a whole number from 0 to %d", r.Max, maxRetries)
	}
	v.duration("retries.backoff", r.Backoff, 100*time.Millisecond, day)
	first := r.Backoff
	fill(&first, DefaultBackoff)
	switch {
	case r.MaxBackoff > 0 && r.MaxBackoff < first:
		v.add("retries.max_backoff", "%s is less than the backoff of %s: want that or more", wording.Span(r.MaxBackoff), wording.Span(first))
	default:
		v.duration("retries.max_backoff", r.MaxBackoff, 100*time.Millisecond, day)
	}
	if len(r.FinalExitCodes) > maxExitCodes {
		v.add("retries.final_exit_codes", "%d exit codes: there are only %d", len(r.FinalExitCodes), maxExitCodes)
		return
	}
	for i, code := range r.FinalExitCodes {
		field := fmt.Sprintf("retries.final_exit_codes[%d]", i)
		switch {
		case code < 1 || code > maxExitCodes:
			v.add(field, "%d: want an exit code from 1 to %d", code, maxExitCodes)
		case slices.Contains(r.FinalExitCodes[:i], code):
			v.add(field, "%d is there twice", code)
		}
	}
}

func (v *validation) missed() {
	m := v.Missed
	choose(v, "missed.policy", m.Policy, MissedPolicies)
	switch {
	case m.Limit != 0 && m.Policy != MissedAll:
		v.add("missed.limit", "it has no effect unless the policy is %s", MissedAll)
	default:
		v.number("missed.limit", m.Limit, 1, maxMissed)
	}
	switch {
	case m.Window != 0 && m.Policy == MissedSkip:
		v.add("missed.window", "it has no effect if the policy is %s", MissedSkip)
	default:
		v.duration("missed.window", m.Window, time.Minute, 30*day)
	}
}

func (v *validation) then() {
	if len(v.Then) > maxThen {
		v.add("then", "%d jobs: want %d or fewer", len(v.Then), maxThen)
	}
	for i, t := range v.Then {
		v.name(fmt.Sprintf("then[%d].job", i), t.Job)
		choose(v, fmt.Sprintf("then[%d].on", i), t.On, Ons)
		if i < maxThen && slices.ContainsFunc(v.Then[:i], func(o Then) bool { return o.Job == t.Job }) {
			v.add(fmt.Sprintf("then[%d].job", i), "%s is there twice: use on: %s for both outcomes", wording.Quote(t.Job), OnAlways)
		}
	}
}

// duration checks a duration; 0 stands for the default.
func (v *validation) duration(field string, d, least, most time.Duration) {
	if d != 0 && (d < least || d > most) {
		v.add(field, "%s: want a duration from %s to %s", wording.Span(d), wording.Span(least), wording.Span(most))
	}
}

// number checks a number; 0 stands for the default.
func (v *validation) number(field string, n, least, most int) {
	if n != 0 && (n < least || n > most) {
		v.add(field, "%d: want a whole number from %d to %d", n, least, most)
	}
}

// choose checks one of some words; "" stands for the default.
func choose[T ~string](v *validation, field string, value T, choices []T) {
	if value != "" && !slices.Contains(choices, value) {
		v.add(field, "%s: want %s", wording.Quote(string(value)), wording.AnyOf(choices))
	}
}
