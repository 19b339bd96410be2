package cli

import (
	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/config"
)

// The flags of those who look or ask: an instance has its settings in the
// environment alone, where its peers' are as well.
const (
	registryFlag = "registry"
	groupFlag    = "group"
)

// addWhere adds the flags that say where to look, instead of the environment.
func addWhere(c *cobra.Command) {
	c.Flags().String(registryFlag, "", "where to look, instead of UNDERSTUDY_REGISTRY: a `URI`; every user can see its password in the list of processes")
	c.Flags().String(groupFlag, "", "the group's `NAME`, instead of UNDERSTUDY_GROUP")
	for _, name := range []string{registryFlag, groupFlag} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
}

// loadConfig loads the configuration, with what the command line says of it.
func loadConfig(c *cobra.Command) (config.Config, []string, error) {
	given := func(name string) *string {
		f := c.Flags().Lookup(name)
		if f == nil || !f.Changed {
			return nil
		}
		return new(f.Value.String())
	}
	return config.LoadWith(config.Flags{Registry: given(registryFlag), Group: given(groupFlag)})
}
