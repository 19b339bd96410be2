package cli

import (
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/config"
)

// newRoot returns the program as a command. A subcommand that has printed its
// result itself sets code.
func newRoot(stdout, stderr io.Writer, code *int) *cobra.Command {
	run := func(c *cobra.Command, args []string) error { return runInstance(c, args, code) }
	root := &cobra.Command{
		Use:   "understudy [flags] [-- COMMAND ARG…]",
		Short: "One of N identical processes works; when it goes, another takes over",
		Long: `Understudy keeps one of N identical processes working.

Start it on as many machines as you like, with the same group and registry. One
instance is active and runs COMMAND, or the jobs of a jobs file, or both; the others
stand by. When the active one is
stopped, a passive one takes over within milliseconds, and on Linux also when it
crashes or is killed. When its machine dies or is cut off, and on other systems when it
crashes, a passive one takes over after UNDERSTUDY_ORPHAN_AFTER. It never does before
the work of the old one is gone.

COMMAND finds UNDERSTUDY_INSTANCE, UNDERSTUDY_GROUP and UNDERSTUDY_TERM in its
environment. The term is a fencing token: send it along with every write, and let
the receiver refuse a term that is lower than the highest one it has seen.

SIGTERM, SIGINT, SIGQUIT or SIGHUP stops an instance in order: COMMAND gets SIGTERM and
has UNDERSTUDY_STOP_GRACE to stop by itself. A second SIGTERM, SIGINT or SIGQUIT kills
COMMAND at once. It counts as a second one if it comes 200 ms after the first or later.

When COMMAND exits, it is started again. With UNDERSTUDY_RESTART=on-failure, COMMAND is
done when it exits with 0, and with UNDERSTUDY_RESTART=never when it exits at all. Then
all instances that run at that time leave. The registry does not remember that COMMAND
is done, so an instance that starts later runs it again. If cron starts an instance
with UNDERSTUDY_RESTART=never on three machines, COMMAND may run three times. Work that
is due at a fixed hour belongs into a jobs file.

A jobs file (--jobs FILE or UNDERSTUDY_JOBS) names jobs, what each of them runs, and when
it is due. Each slot of a schedule is started by one instance, once, and has a record of
how it ended. The file is read again when it changes. Without COMMAND, the instance runs
only the jobs; there may be a "--" without one. "understudy jobs check FILE" checks such a
file.`,
		Example: `  understudy                        # try it: a second one, in another terminal, stands by
  understudy -- ./consumer --queue orders
  understudy --jobs jobs.yaml       # run what is due, on one of all instances
  UNDERSTUDY_REGISTRY=mongodb://db1,db2,db3/ops?replicaSet=rs0 understudy -- ./consumer
  understudy demo                   # three processes, one killed, one stopped`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          onlyAfterDash,
		RunE:          run,

		ValidArgsFunction:     filesAfterDash,
		DisableFlagsInUseLine: true,

		SuggestionsMinimumDistance: 2,
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetVersionTemplate("understudy {{.Version}}\n")
	root.SetUsageTemplate(root.UsageTemplate() + "{{with .Annotations." + afterUsage + "}}{{.}}{{end}}")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w (see %s --help)", err, c.CommandPath())}
	})
	runner := &cobra.Command{
		Use:     "run [flags] [-- COMMAND ARG…]",
		Short:   "Join the group; run COMMAND and jobs while active (the default)",
		Long:    root.Long,
		Example: root.Example,
		Args:    onlyAfterDash,
		RunE:    run,

		ValidArgsFunction:     filesAfterDash,
		DisableFlagsInUseLine: true,
	}
	addJobsFlag(root)
	addJobsFlag(runner)
	root.AddCommand(
		runner,
		newStatus(code),
		newHistory(),
		newHandover(),
		newCheck(code),
		newHealth(code),
		newJobs(code),
		newRuns(),
		newTrigger(code),
		newTick(),
		newDemo(),
	)
	refuseUnknown(root)
	root.Annotations = map[string]string{afterUsage: environment}
	for _, c := range root.Commands() {
		c.Annotations = map[string]string{afterUsage: ending[c.Name()]}
		for _, sub := range c.Commands() {
			sub.Annotations = map[string]string{afterUsage: ending[plainPath(sub)]}
		}
	}
	return root
}

// afterUsage names the annotation of a command that holds what its help shows after its
// flags.
const afterUsage = "afterUsage"

var environment = `
Environment:
` + config.Usage() + `
Exit codes:
  0    stopped in order
  1    the answer of a subcommand is no, or another error
  64   wrong usage
  69   the registry is unreachable, refuses this instance, or is not understood
  70   the work would not stop in time
  78   bad configuration, or a jobs file with a mistake in it
  126  COMMAND cannot be executed
  127  COMMAND does not exist
  130  Ctrl-C ended another subcommand than run
  N    the exit code of COMMAND, when COMMAND is done
`

const placeEnvironment = `
Environment:
  UNDERSTUDY_REGISTRY (or UNDERSTUDY_REGISTRY_FILE) and UNDERSTUDY_GROUP name the
  registry and the group. The flags --registry and --group override them. See
  understudy --help.
  A password belongs in the environment: "ps" shows command lines to every user.
  The registry has 10 seconds to answer, or UNDERSTUDY_CONNECT_TIMEOUT if that is
  shorter.
`

// ending is afterUsage of each subcommand that needs the environment.
var ending = map[string]string{
	"run": environment,
	"status": placeEnvironment + `
Exit codes:
  0    an instance is active and beats (with --all: in every group that has not ended),
       or --watch was ended
  1    no instance is active and beats; with --all also: a group is not understood, or
       there is no group
` + placeCodes + ctrlC,
	"history": placeEnvironment + `
Exit codes:
  0    the terms were shown, or there are none
  1    another error
` + placeCodes + ctrlC,
	"handover": placeEnvironment + `
Exit codes:
  0    the request was made (with --wait: and the next instance is active), or --to
       names the active instance
  1    the request was refused or has expired, another instance than that of --to took
       over, or another error
` + placeCodes + `  130  Ctrl-C; a request that was made stays
`,
	"check": `
Environment:
  UNDERSTUDY_REGISTRY, UNDERSTUDY_GROUP and the other variables of an instance; see
  understudy --help. A flag overrides its variable. "ps" shows a password in --registry
  to every user.

Exit codes:
  0    no line has a ✗
  1    a line has a ✗
  64   wrong usage
  69   the registry is unreachable
  78   bad configuration
` + ctrlC,
	"health": `
Environment:
  UNDERSTUDY_HTTP_ADDR has to be that of the instance. No other variable is read.

Exit codes:
  0    the instance is well
  1    it is not, or there is no answer
  64   wrong usage
  78   bad UNDERSTUDY_HTTP_ADDR
` + ctrlC,
	"jobs": placeEnvironment + `
Exit codes:
  0    the jobs were shown, or there are none
  1    another error
` + placeCodes + ctrlC,
	"jobs pause":  changeEnding,
	"jobs resume": changeEnding,
	"runs": placeEnvironment + `
Exit codes:
  0    the runs were shown, or there are none
  1    there is no job of this name, or another error
` + placeCodes + ctrlC,
	"runs show": placeEnvironment + `
Exit codes:
  0    the run was shown, however it ended, or Ctrl-C ended --follow
  1    there is no such run, or another error
` + placeCodes + ctrlC,
	"runs cancel": changeEnding,
	"runs retry":  changeEnding,
	"trigger": placeEnvironment + `
Exit codes:
  0    the run waits, or was there already; with --wait or --follow: it completed
  1    there is no job of this name, too many runs wait, or another error; with --wait
       also: it failed without an exit code of its command
  65   there is a run of this key with another payload
` + placeCodes + `  130  Ctrl-C; a run that was asked for stays
With --wait or --follow also:
  N    the exit code of the command, if the run failed
  75   the run exited: its instance went away, and it may not run again
  124  the run timed out
  125  the run was skipped: it was never started
  143  the run was cancelled
`,
	"jobs check": `
Environment:
  UNDERSTUDY_GROUP is part of what an H in a schedule stands for, and
  UNDERSTUDY_STOP_GRACE bounds stop_grace. No other variable is read.

Exit codes:
  0    the file is right
  64   wrong usage
  78   something is wrong with the file, or with one of these variables
`,
	"jobs import": `
Exit codes:
  0    the jobs file was printed; what it cannot say is on stderr, if there is anything
  1    stdout cannot be written
  64   wrong usage
  78   the crontab cannot be read
`,
}

const changeEnding = placeEnvironment + `
Exit codes:
  0    it is so now
  1    there is no such job or run, it is not possible in its state, or another error
` + placeCodes + ctrlC

const (
	placeCodes = `  64   wrong usage
  69   the registry is unreachable or not understood
  78   bad configuration
`
	ctrlC = `  130  Ctrl-C
`
)

// release is the version, set by builds that have no history of the repository:
// go build -ldflags "-X github.com/understudy-go/understudy/internal/cli.release=v1.2.3".
var release string

// version returns the version of the release or of the module, or the commit.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
