// Package schedule says when a job is due: it reads schedules as those of cron and finds
// their next instant in any time zone.
package schedule
