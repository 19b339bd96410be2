package jobs

import "time"

// Definition says when a job is due, and by which rules it runs. What it runs stands
// beside it: a command of the jobs file, or a Go function. The zero value of each field
// stands for its default.
type Definition struct {
	// Name identifies the job in its group, for ever: its runs are found by it. It has 1 to
	// 100 characters: a to z, 0 to 9, and after the first one also . _ and -.
	Name string
	// Description is for people. At most 1,000 bytes. Default: none.
	Description string
	// Schedules say when the job is due, in the grammar of package schedule. Instants that
	// several of them have are one slot. At most 20. Default: none; the job runs when it is
	// triggered, or when another job ends.
	Schedules []string
	// At is the only instant at which the job is due. A job has Schedules or At, not both.
	// Default: none.
	At time.Time
	// Zone is the IANA name of the time zone of Schedules. Default: UTC.
	Zone string
	// Timeout is how long an attempt may take. Then it is ended with all its processes.
	// From 100 ms to 365 days. Default: no limit.
	Timeout time.Duration
	// Retries say what follows an attempt that failed.
	Retries Retries
	// Overlap says what happens when the job is due while a run of it has not ended.
	// Default: [OverlapSkip].
	Overlap Overlap
	// StartWithin is how late a run may start and still be on time. From 1 s to 24 h.
	// Default: the time after which an instance is an orphan, and 30 s, so that no slot is
	// missed because of a takeover.
	StartWithin time.Duration
	// Missed says what happens to slots that nobody started within StartWithin.
	Missed Missed
	// Interrupted says what happens to a run whose instance went away. Default:
	// [InterruptedRerun].
	Interrupted Interrupted
	// Drain is how long a stop or a handover lets a run finish before it is told to stop.
	// Up to 24 h. Default: 0; it is told at once.
	Drain time.Duration
	// Priority orders the runs that wait: the highest goes first. From -1,000,000 to
	// 1,000,000. Default: 0.
	Priority int
	// StopGrace is how long an attempt that was told to stop may take to do so before it is
	// killed. From 100 ms to the stop grace of the instance, which is the default.
	StopGrace time.Duration
	// Keep says how long the records of runs are kept.
	Keep Keep
	// Then are the jobs that run when a run of this one has ended. At most 20. Default: none.
	Then []Then
	// OnFinish is an http or https URL that is told of each run that has ended. It may
	// contain a secret, and is not shown. Default: none.
	OnFinish string
	// Disabled takes the job out of use: it is never due, and its slots do not count as
	// missed. It can be triggered. In the jobs file this is the key enabled. Default: false.
	Disabled bool
}

// Retries say what follows an attempt that failed or timed out. An attempt that was
// interrupted is none of them: see [Interrupted].
type Retries struct {
	// Max is how many more attempts there are after the first one. From 0 to 15. Default: 0.
	Max int
	// Backoff is the pause before the second attempt. It doubles from attempt to attempt.
	// From 100 ms to 24 h. Default: 10 s.
	Backoff time.Duration
	// MaxBackoff is the longest pause. From Backoff to 24 h. Default: 10 min, or Backoff if
	// that is longer.
	MaxBackoff time.Duration
	// FinalExitCodes are the exit codes, from 1 to 255, after which there is no other
	// attempt. Default: none.
	FinalExitCodes []int
}

// Overlap says what happens when a job is due while a run of it has not ended.
type Overlap string

const (
	OverlapSkip    Overlap = "skip"    // the new run is recorded as skipped; with MissedAll it waits
	OverlapQueue   Overlap = "queue"   // the new run waits until the other one has ended
	OverlapReplace Overlap = "replace" // the run of an earlier slot is cancelled, then the new one starts
	OverlapAllow   Overlap = "allow"   // both run; attempts of one run never overlap
)

// Overlaps are all values of [Overlap].
var Overlaps = []Overlap{OverlapSkip, OverlapQueue, OverlapReplace, OverlapAllow}

// Missed says what happens to slots that are older than StartWithin and were not started,
// because no instance was active.
type Missed struct {
	// Policy says which of them run. Default: [MissedOnce].
	Policy MissedPolicy
	// Limit is how many of the latest ones run with [MissedAll], and nothing otherwise. From 1
	// to 1,000. Default: 100.
	Limit int
	// Window is how old a slot may be and still run; nothing with [MissedSkip]. From 1 min to
	// 30 days. Default: 24 h.
	Window time.Duration
}

// MissedPolicy says which slots that were missed run late.
type MissedPolicy string

const (
	MissedSkip MissedPolicy = "skip" // none
	MissedOnce MissedPolicy = "once" // the latest
	MissedAll  MissedPolicy = "all"  // all, the oldest first, one at a time
)

// MissedPolicies are all values of [MissedPolicy].
var MissedPolicies = []MissedPolicy{MissedSkip, MissedOnce, MissedAll}

// Interrupted says what happens to a run whose instance went away.
type Interrupted string

const (
	InterruptedRerun Interrupted = "rerun" // it starts again, three times at most
	InterruptedFail  Interrupted = "fail"  // it has failed
)

// Interruptions are all values of [Interrupted].
var Interruptions = []Interrupted{InterruptedRerun, InterruptedFail}

// Keep says how long the records of runs are kept.
type Keep struct {
	// Runs is how many of the latest runs that have ended are kept. From 1 to 100,000.
	// Default: 100.
	Runs int
	// Failed is how long a run that failed is kept, even if it is none of the latest ones.
	// From 1 h to 3,650 days. Default: 90 days.
	Failed time.Duration
}

// Then names a job that runs when a run of another one has ended.
type Then struct {
	// Job is the name of the job that runs then.
	Job string
	// On says after which outcomes. Default: [OnSuccess].
	On On
}

// On says after which outcomes of a run another job runs. Nothing follows a run that was
// skipped.
type On string

const (
	OnSuccess On = "success" // it completed
	OnFailure On = "failure" // it ended in any other way, but was not skipped
	OnAlways  On = "always"  // it ended, and was not skipped
)

// Ons are all values of [On].
var Ons = []On{OnSuccess, OnFailure, OnAlways}

// The defaults of a [Definition] that are the same everywhere.
const (
	DefaultZone         = "UTC"
	DefaultBackoff      = 10 * time.Second
	DefaultMaxBackoff   = 10 * time.Minute
	DefaultMissedLimit  = 100
	DefaultMissedWindow = 24 * time.Hour
	DefaultKeepRuns     = 100
	DefaultKeepFailed   = 90 * 24 * time.Hour

	// latePermitted is the part of the default of StartWithin that does not depend on the
	// instance.
	latePermitted = 30 * time.Second
)

// WithDefaults returns the definition with all defaults filled in that are not zero. It
// takes two durations of the instance: after which silence it is an orphan, and its stop
// grace.
func (d Definition) WithDefaults(orphanAfter, stopGrace time.Duration) Definition {
	fill(&d.Zone, DefaultZone)
	fill(&d.Retries.Backoff, DefaultBackoff)
	fill(&d.Retries.MaxBackoff, max(DefaultMaxBackoff, d.Retries.Backoff))
	fill(&d.Overlap, OverlapSkip)
	fill(&d.StartWithin, orphanAfter+latePermitted)
	fill(&d.Missed.Policy, MissedOnce)
	if d.Missed.Policy == MissedAll {
		fill(&d.Missed.Limit, DefaultMissedLimit)
	}
	if d.Missed.Policy != MissedSkip {
		fill(&d.Missed.Window, DefaultMissedWindow)
	}
	fill(&d.Interrupted, InterruptedRerun)
	fill(&d.StopGrace, stopGrace)
	fill(&d.Keep.Runs, DefaultKeepRuns)
	fill(&d.Keep.Failed, DefaultKeepFailed)
	then := d.Then
	d.Then = nil
	for _, t := range then {
		fill(&t.On, OnSuccess)
		d.Then = append(d.Then, t)
	}
	return d
}

// fill gives a field its default unless it has a value.
func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
