// Package exitcode has the exit codes of the program. They follow sysexits.h and,
// for commands, what shells use, so that scripts and supervisors need no table of
// ours. docs/configuration.md lists them for users.
package exitcode

const (
	OK            = 0
	Failure       = 1   // the answer is no, or an error without a code of its own
	Usage         = 64  // a mistake on the command line
	Conflict      = 65  // there is a run of this key with another payload
	Unavailable   = 69  // the registry is unreachable, not understood, or refuses this instance
	Stuck         = 70  // the work would not stop in time, or an init could not start the program
	Exited        = 75  // the instance that processed a run went away, and the run may be tried again
	Config        = 78  // a mistake in the environment
	TimedOut      = 124 // a run was killed at its timeout, as timeout(1) says it
	Skipped       = 125 // a run was never started, as "git bisect run" and docker say it
	NotExecutable = 126
	NotFound      = 127
	Cancelled     = 143 // a run was cancelled, as if by SIGTERM
	// Signal is added to the number of the signal that ended something.
	Signal = 128
)
