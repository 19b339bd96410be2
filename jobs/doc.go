// Package jobs describes work that has an end: the hourly report, the nightly clean-up,
// what somebody starts by hand.
//
// A [Definition] says when a job is due and by which rules it runs. It is data: the jobs
// file ([github.com/understudy-go/understudy/jobs/jobfile]) makes definitions from YAML,
// and a Go program writes them down as they are. [Validate] says what is wrong with a set
// of them. A [Timetable] knows the slots of a definition: the instants at which it is due.
package jobs
