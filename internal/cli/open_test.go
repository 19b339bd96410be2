package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
)

// A directory that is gone by now was there when the configuration was read.
func TestOnlyTheDefaultsDirectoryIsMade(t *testing.T) {
	for _, implicit := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "a", "b")
		conf := config.Config{
			Registry: config.Registry{Kind: config.SQLite, Path: filepath.Join(dir, "registry.db"), Implicit: implicit},
			Timing:   registry.DefaultTiming, ConnectTimeout: testkit.Patience,
		}
		reg, err := openRegistry(t.Context(), conf, func(string) {})
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

func TestHookThatIsNotThereShowsNoArguments(t *testing.T) {
	_, err := newHook(config.Config{OnChange: "/no/such/curl -s https://hooks.example.com/hunter2"})
	if err == nil || !strings.Contains(err.Error(), `UNDERSTUDY_ON_CHANGE="/no/such/curl": `) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}
