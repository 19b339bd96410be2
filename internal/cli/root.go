package cli

import (
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/config"
)

// newRoot returns the program as a command. A subcommand that has told its result
// itself sets code.
func newRoot(stdout, stderr io.Writer, code *int) *cobra.Command {
	run := func(c *cobra.Command, args []string) error { return runInstance(c, args, code) }
	root := &cobra.Command{
		Use:   "understudy [flags] [-- COMMAND ARG…]",
		Short: "One of N identical processes works; when it goes, another takes over",
		Long: `Understudy keeps one of N identical processes working.

Start it on as many machines as you like, with the same group and registry. One
instance is active and runs COMMAND, the others stand by. When the active one is
stopped, a passive one takes over within milliseconds; when it crashes or is cut
off, after ` + "UNDERSTUDY_ORPHAN_AFTER" + `, and never before the old one's work is gone.

COMMAND finds UNDERSTUDY_INSTANCE, UNDERSTUDY_GROUP and UNDERSTUDY_TERM in its
environment. The term is a fencing token: pass it on to whatever you write to,
and let that refuse any term lower than the highest it has seen.

SIGTERM, SIGINT, SIGQUIT or SIGHUP stops it in order: COMMAND gets SIGTERM,
whichever it was, and UNDERSTUDY_STOP_GRACE. A second one, 200 ms later or more
and not SIGHUP, kills COMMAND at once.

A COMMAND that exits is started again, unless UNDERSTUDY_RESTART says that this
is its end: then all instances that are there leave, and one that starts later
runs it again. So what cron starts on three machines, with "never", may run three
times: for that, let one long-running COMMAND on each machine wait for its hour.`,
		Example: `  understudy                        # see it work: a second one in another terminal stands by
  understudy -- ./consumer --queue orders
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
	root.AddCommand(
		&cobra.Command{
			Use:     "run [flags] [-- COMMAND ARG…]",
			Short:   "Join the group; run COMMAND while active (the default)",
			Long:    root.Long,
			Example: root.Example,
			Args:    onlyAfterDash,
			RunE:    run,

			ValidArgsFunction:     filesAfterDash,
			DisableFlagsInUseLine: true,
		},
		newStatus(code),
		newHistory(),
		newHandover(),
		newCheck(code),
		newHealth(code),
		newTick(),
		newDemo(),
	)
	strict(root)
	root.Annotations = map[string]string{afterUsage: environment}
	for _, c := range root.Commands() {
		c.Annotations = map[string]string{afterUsage: ending[c.Name()]}
	}
	return root
}

// afterUsage is the annotation of a command with what follows its flags in its
// help.
const afterUsage = "afterUsage"

var environment = `
Environment:
` + config.Usage() + `
Exit codes:
  0    orderly stop
  1    no (status, check, health, handover), or another error
  64   wrong usage
  69   registry unreachable, or not understood, or it refuses this instance
  70   work would not stop in time
  78   bad configuration
  126  command not executable
  127  command not found
  130  Ctrl-C, where it ends a command early that looks or asks
  N    the command's own, at its final exit
`

const lookEnvironment = `
Environment:
  UNDERSTUDY_REGISTRY (or UNDERSTUDY_REGISTRY_FILE) and UNDERSTUDY_GROUP say where to
  look, where --registry and --group do not; see understudy --help. Put a URI with a
  password in it there: what is on a command line, "ps" shows to every user.
  It tries to connect for 10 seconds, or UNDERSTUDY_CONNECT_TIMEOUT if that is less.
`

// ending is afterUsage of each subcommand that needs the environment.
var ending = map[string]string{
	"run": environment,
	"status": lookEnvironment + `
Exit codes:
  0    one is active and beats (with --all: in every group that has not ended), or --watch was ended
  1    nobody is; with --all also: a group could not be understood, or there is none at all
` + lookFailed + ctrlC,
	"history": lookEnvironment + `
Exit codes:
  0    shown, also if there never was a term
  1    another error
` + lookFailed + ctrlC,
	"handover": lookEnvironment + `
Exit codes:
  0    asked; with --wait, the next one is active; or --to names the active one
  1    refused, expired, another took over than the one named, or another error
` + lookFailed + `  130  Ctrl-C; what was asked stands
`,
	"check": `
Environment:
  UNDERSTUDY_REGISTRY, UNDERSTUDY_GROUP and the others of an instance; see understudy --help.
  A flag beats a variable. A password in --registry is shown by "ps" to every user.

Exit codes:
  0    without any ✗
  1    with one
  64   wrong usage
  69   registry unreachable
  78   bad configuration
` + ctrlC,
	"health": `
Environment:
  UNDERSTUDY_HTTP_ADDR is the instance's own; nothing else counts

Exit codes:
  0    well
  1    not well, or no answer
  64   wrong usage
  78   bad UNDERSTUDY_HTTP_ADDR
` + ctrlC,
}

const (
	lookFailed = `  64   wrong usage
  69   registry unreachable, or not understood
  78   bad configuration
`
	ctrlC = `  130  Ctrl-C
`
)

// release is set where there is no history to build from:
// go build -ldflags "-X github.com/understudy-go/understudy/internal/cli.release=v1.2.3".
var release string

// version is that of the release or the module, or the commit it was built from.
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
