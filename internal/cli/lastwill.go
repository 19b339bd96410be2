package cli

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/openregistry"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/worker"
)

// LastWill is called first of all in main. It carries out the last will of another process
// of this program and exits, if that is what this process was started for.
func LastWill() { withoutLastWill = worker.LastWill(openAsBefore) }

// withoutLastWill says why this process has no last will; nil: it has one.
var withoutLastWill error

// warnWithoutLastWill adds a warning, where an instance could have a last will.
func warnWithoutLastWill(warnings []string) []string {
	if withoutLastWill == nil || runtime.GOOS != "linux" {
		return warnings
	}
	return append(warnings, fmt.Sprintf("this instance has no last will, so peers wait for %s if it is killed: %v", config.EnvOrphanAfter, withoutLastWill))
}

// openAsBefore opens the registry with what the environment says now: a file with its URI
// may have been changed.
func openAsBefore(ctx context.Context) (registry.Registry, error) {
	conf, _, err := config.Load()
	if err != nil {
		return nil, err
	}
	if !conf.Registry.NamesFiles() {
		_ = os.Chdir("/") // opening may take long, and whoever removes the directory must not wait for it
	}
	return openregistry.Open(ctx, conf, registry.Ask, func(string) {})
}
