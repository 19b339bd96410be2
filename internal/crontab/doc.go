// Package crontab turns a crontab into a jobs file that does the same.
//
// [Import] goes from line to line. Comments stay in front of the job that follows them. A
// line that a jobs file cannot say becomes a comment at its place, and a [Remark] that
// says why.
package crontab
