// Package schedule says when a job is due. Parse reads a schedule as cron has it, and
// Schedule.Next finds the first slot after an instant, in any time zone.
//
// # Fields
//
// A schedule has five fields: minute (0-59), hour (0-23), day of the month (1-31), month
// (1-12 or jan-dec), day of the week (0-7 or sun-sat; 0 and 7 are Sunday). A field is a
// list of items, separated by commas:
//
//   - every value
//     5, mon      one value
//     9-17        a range; fri-sun goes up to Sunday
//     */15, 9-17/2
//     every 15th value of the field, every second one of the range
//     H           one value that is hashed from the seed, as in Jenkins: always the same for
//     one job, and spread over the values for many; of the month up to day 28
//     H/15        every 15th value, the first one hashed
//     H(0-7), H(0-29)/10
//     the same within a range
//
// The words @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually stand for
// five fields. @every 10m is each multiple of ten minutes since 1970-01-01T00:00:00Z, on
// each instance and after each restart the same. It knows no zone.
//
// If both day fields are restricted, a day has to match either. A field that begins with *
// is not restricted, even as */2, and then a day has to match both. This is what Vixie
// cron, cronie and Debian's cron do.
//
// # When the clock changes
//
// The hour field decides between two rules.
//
//   - It begins with *: each instant at which the clock shows a match is a slot. So
//     */15 * * * * neither pauses nor doubles when the clock changes.
//   - Otherwise each wall time that matches is due once: at the first instant at which the
//     clock shows it or has jumped past it. Wall times that become due at one instant are one
//     slot. So 30 2 * * * runs each night: at the jump if the clock goes forward over 02:30,
//     and only the first time if it shows 02:30 twice.
//
// # How it is found
//
// Next walks segments: spans of time in which a zone keeps one offset. Inside a segment wall
// time is linear, so the next match is found in the calendar, without walking hours or
// minutes. A wall time is due after an instant if it is later than everything that the clock
// has shown until then; two days of history are enough to know that, since no clock goes
// back by more.
//
// time.Time.ZoneBounds can give an end of a segment that is over already, on 31 December of
// leap years (golang/go#81583). segmentAt does not trust it.
//
// # Why not a library
//
// Five Go libraries were compared with a walk minute by minute, on 15 schedules and 14
// changes of clocks. Of these 210 cases robfig/cron v3 had 70 wrong, netresearch 67, gronx
// 66, cronexpr 59 and go-quartz 84. robfig/cron besides panics on the text "TZ=0", loses a
// noon on the days when the clock of Lord Howe changes, and hangs on 30 December 2011 in
// Apia, the day that never was. The tests of this package keep the walk.
package schedule
