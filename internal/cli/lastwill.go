package cli

import (
	"context"
	"os"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/openregistry"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/worker"
)

// LastWill is called first of all in main. It carries out the last will of another process
// of this program and exits, if that is what this process was started for.
func LastWill() { _ = worker.LastWill(openAsBefore) }

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
