package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/config"
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "understudy [-- COMMAND ARG…]",
		Short: "One of N identical processes works; when it goes, another takes over",
		Long: `Understudy keeps one of N identical processes working.

Start it on as many machines as you like, with the same group and registry. One
instance is active and runs COMMAND, the others stand by. When the active one is
stopped, a passive one takes over within milliseconds; when it crashes or is cut
off, after ` + "UNDERSTUDY_ORPHAN_AFTER" + `, and never before the old one's work is gone.

COMMAND finds UNDERSTUDY_INSTANCE, UNDERSTUDY_GROUP and UNDERSTUDY_TERM in its
environment. The term is a fencing token: pass it on to whatever you write to,
and let that refuse one lower than the highest it has seen.

A COMMAND that exits is started again, unless UNDERSTUDY_RESTART says that this
is its end: then all instances leave that are there, and one that starts later
runs it again.`,
		Example: `  understudy                        # see it work: a second one in another terminal stands by
  understudy -- ./consumer --queue orders
  UNDERSTUDY_REGISTRY=mongodb://db1,db2,db3/ops?replicaSet=rs0 understudy -- ./consumer
  understudy demo                   # three processes, one killed, one stopped`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          onlyAfterDash,
		RunE:          runInstance,
	}
	root.SetVersionTemplate("understudy {{.Version}}\n")
	plain := root.UsageTemplate()
	root.SetUsageTemplate(plain + environment)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w (see %s --help)", err, c.CommandPath())}
	})
	root.AddCommand(
		&cobra.Command{
			Use:     "run [-- COMMAND ARG…]",
			Short:   "Join the group; run COMMAND while active (the default)",
			Long:    root.Long,
			Example: root.Example,
			Args:    onlyAfterDash,
			RunE:    runInstance,
		},
		newStatus(),
		newHistory(),
		newHandover(),
		newCheck(),
		newHealth(),
		newTick(),
	)
	demo := newDemo()
	demo.SetUsageTemplate(plain) // it sets the environment itself
	root.AddCommand(demo)
	return root
}

var environment = `
Environment:
` + config.Usage() + `
Exit codes:
  0 orderly stop          64 wrong usage                  78 bad configuration
  1 no, or not well       69 registry unreachable         126 command not executable
  N the command's own,    70 work would not stop in time  127 command not found
    at its final exit
`

// onlyAfterDash takes a command only behind "--", so that a mistyped subcommand
// is not run as one.
func onlyAfterDash(c *cobra.Command, args []string) error {
	if len(args) > 0 && c.ArgsLenAtDash() != 0 {
		return usageError{fmt.Errorf("unknown command %q: to run a program, put it after --, as in %s -- %s", args[0], c.CommandPath(), args[0])}
	}
	if len(args) == 0 && c.ArgsLenAtDash() == 0 {
		return usageError{fmt.Errorf("nothing after --: name the command to run, or leave the -- out for the built-in demo work")}
	}
	return nil
}

// release is set where there is no history to build from:
// go build -ldflags "-X main.release=v1.2.3".
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
