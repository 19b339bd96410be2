// Package exitcode has the exit codes of the program. They follow sysexits.h and,
// for commands, what shells use, so that scripts and supervisors need no table of
// ours. docs/configuration.md lists them for users.
package exitcode

const (
	OK            = 0
	Failure       = 1  // the answer is no, or an error without a code of its own
	Usage         = 64 // a mistake on the command line
	Unavailable   = 69 // the registry is unreachable, not understood, or refuses this instance
	Stuck         = 70 // the work would not stop in time, or an init could not start the program
	Config        = 78 // a mistake in the environment
	NotExecutable = 126
	NotFound      = 127
	// Signal is added to the number of the signal that ended something.
	Signal = 128
)
