package cli

import (
	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/config"
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
