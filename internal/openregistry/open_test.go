package openregistry

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
)

// A directory that is gone by now was there when the configuration was read.
func TestOpen_MakesTheDefaultDirectoryOnly(t *testing.T) {
	for _, implicit := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "a", "b")
		conf := config.Config{
			Registry: config.Registry{Kind: config.SQLite, Path: filepath.Join(dir, "registry.db"), Implicit: implicit},
			Timing:   registry.DefaultTiming, ConnectTimeout: testkit.Patience,
		}
		reg, err := Open(t.Context(), conf, registry.Join, func(string) {})
		if reg != nil {
			_ = reg.Close(context.Background())
		}
		if implicit != (err == nil) || !implicit && !errors.Is(err, sqlite.ErrPath) {
			t.Errorf("implicit %v: %v", implicit, err)
		}
		if _, err := os.Stat(filepath.Dir(dir)); implicit != (err == nil) {
			t.Errorf("implicit %v: the directory: %v", implicit, err)
		}
	}
}
