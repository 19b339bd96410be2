package cli

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/jobs/store"
)

// registryFlag and groupFlag are the flags of subcommands that read a registry. An instance
// has no such flags: its settings are in the environment, as those of its peers are.
// jobsFlag is the one flag of an instance, since it says what runs, as COMMAND does.
const (
	registryFlag = "registry"
	groupFlag    = "group"
	jobsFlag     = "jobs"
)

// addJobsFlag adds the flag that names the jobs file.
func addJobsFlag(c *cobra.Command) {
	c.Flags().String(jobsFlag, "", "run the jobs of this `FILE`, instead of UNDERSTUDY_JOBS")
	_ = c.MarkFlagFilename(jobsFlag, "yaml", "yml")
}

// addPlaceFlags adds the flags that name the registry and the group.
func addPlaceFlags(c *cobra.Command) {
	c.Flags().String(registryFlag, "", "the registry's `URI`, instead of UNDERSTUDY_REGISTRY; every user can see its password in the list of processes")
	_ = c.RegisterFlagCompletionFunc(registryFlag, cobra.NoFileCompletions)
	addGroupFlag(c)
}

// addGroupFlag adds the flag that names the group.
func addGroupFlag(c *cobra.Command) {
	c.Flags().String(groupFlag, "", "the group's `NAME`, instead of UNDERSTUDY_GROUP")
	_ = c.RegisterFlagCompletionFunc(groupFlag, cobra.NoFileCompletions)
}

// addJSONFlag adds the flag that asks for JSON.
func addJSONFlag(c *cobra.Command, asJSON *bool) {
	c.Flags().BoolVar(asJSON, "json", false, "print JSON")
}

// addWhyFlag adds the flag with the reason for a change.
func addWhyFlag(c *cobra.Command, why *string) {
	c.Flags().StringVar(why, "why", "", "the reason, as `TEXT` for others")
	_ = c.RegisterFlagCompletionFunc("why", cobra.NoFileCompletions)
}

// checkWhy returns what is wrong with the reason that somebody gives.
func checkWhy(why string) error {
	if len(why) > store.MaxRemark {
		return usageError{fmt.Errorf("--why has %d bytes: want up to %d", len(why), store.MaxRemark)}
	}
	return nil
}

// wholeNumber is a number as it was given. It is checked when all flags have been parsed, so
// that its error is like that of other wrong usage.
type wholeNumber string

func (n *wholeNumber) String() string { return string(*n) }

func (n *wholeNumber) Type() string { return "int" }

func (n *wholeNumber) Set(text string) error {
	*n = wholeNumber(text)
	return nil
}

// count is the value of a flag -n: how many of something are shown.
type count struct {
	given wholeNumber
	most  int
	of    string // what is counted
}

// addTo adds the flag.
func (n *count) addTo(c *cobra.Command, usage string) {
	c.Flags().VarP(&n.given, "number", "n", fmt.Sprintf("%s, up to %d", usage, n.most))
	_ = c.RegisterFlagCompletionFunc("number", cobra.NoFileCompletions)
}

// value returns the number, or what is wrong with it.
func (n *count) value() (int, error) {
	v, err := strconv.Atoi(string(n.given))
	if err != nil || v < 1 || v > n.most {
		return 0, usageError{fmt.Errorf("-n %s: want a number of %s from 1 to %d", n.given, n.of, n.most)}
	}
	return v, nil
}

// parseInstant returns the instant that a flag has.
func parseInstant(flag, text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Year() < 1970 {
		return time.Time{}, usageError{fmt.Errorf("--%s %.100q: want an instant since 1970 with its offset, such as 2027-03-28T00:00:00+01:00", flag, text)}
	}
	return at, nil
}

// loadConfig loads the configuration. Flags win over the environment.
func loadConfig(c *cobra.Command) (config.Config, []string, error) {
	return config.LoadWith(givenFlags(c))
}

// givenFlags returns the flags that were given.
func givenFlags(c *cobra.Command) config.Flags {
	given := func(name string) *string {
		f := c.Flags().Lookup(name)
		if f == nil || !f.Changed {
			return nil
		}
		return new(f.Value.String())
	}
	return config.Flags{Registry: given(registryFlag), Group: given(groupFlag), Jobs: given(jobsFlag)}
}
