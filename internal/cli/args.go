package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/wording"
)

// plainPath returns the path of a command without the name of the program.
func plainPath(c *cobra.Command) string {
	return strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" ")
}

func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("%s takes no arguments, got %q", plainPath(c), args[0])}
	}
	return nil
}

// onlyAfterDash accepts COMMAND only after "--", so that a mistyped subcommand is not run
// as a program.
func onlyAfterDash(c *cobra.Command, args []string) error {
	if len(args) > 0 && c.ArgsLenAtDash() != 0 {
		text := fmt.Sprintf("unknown command %q: ", args[0])
		if hint := suggest(c, args[0]); hint != "" {
			text += hint + " To"
		} else {
			text += "to"
		}
		return usageError{fmt.Errorf("%s run a program, put it after --, as in %s -- %s", text, c.CommandPath(), args[0])}
	}
	if len(args) == 0 && c.ArgsLenAtDash() == 0 && !namesJobs(c) {
		return usageError{errors.New("nothing after --: name the command to run, or a jobs file (--jobs or UNDERSTUDY_JOBS); or leave out the -- for the built-in demo work")}
	}
	return nil
}

// namesJobs reports whether an instance has a jobs file. Then it needs no COMMAND, also after
// a "--" that a unit or an image has in it for the others.
func namesJobs(c *cobra.Command) bool {
	return c.Flags().Changed(jobsFlag) || os.Getenv(config.EnvJobs) != ""
}

// suggest asks whether a similar subcommand was meant, if there is one.
func suggest(c *cobra.Command, typed string) string {
	list := slices.Sorted(slices.Values(c.SuggestionsFor(typed)))
	if typed == "version" {
		list = []string{"--version"}
	}
	if len(list) == 0 {
		return ""
	}
	return "did you mean " + wording.AnyOf(list) + "?"
}

// refuseUnknown makes cobra's own subcommands refuse arguments that they do not know. They
// would print their help, which "source <(understudy completion bsh)" would execute.
func refuseUnknown(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Args = func(c *cobra.Command, args []string) error {
				about, rest, err := root.Find(args)
				if err == nil && len(rest) == 0 {
					return nil
				}
				hint := suggest(about, rest[0])
				if hint == "" {
					hint = "see " + about.CommandPath() + " --help"
				}
				return usageError{fmt.Errorf("no help for %q: %s", strings.Join(args, " "), hint)}
			}
		case "completion":
			var shells []string
			for _, shell := range c.Commands() {
				shells = append(shells, shell.Name())
				shell.Args = noArgs
			}
			c.Args = nil
			c.RunE = func(_ *cobra.Command, args []string) error {
				got := "nothing"
				if len(args) > 0 {
					got = fmt.Sprintf("%q", args[0])
				}
				return usageError{fmt.Errorf("completion: want %s, got %s", wording.AnyOf(shells), got)}
			}
		}
	}
}

// filesAfterDash completes files, but only for COMMAND and its arguments. It looks for the
// "--" itself, because cobra does not say where it is.
func filesAfterDash(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if slices.Contains(os.Args[:len(os.Args)-1], "--") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}
