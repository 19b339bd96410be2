//go:build linux

package e2e

import (
	"fmt"
	"os"
	"testing"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/internal/testkit"
)

// The package that is built, and the repository as seen from this folder.
const (
	module     = "github.com/understudy-go/understudy"
	repository = ".."
)

// The exit codes that users rely on. They are written here once more on purpose: a
// change of them in the code has to fail a test.
const (
	exitOK            = 0
	exitFailure       = 1
	exitUsage         = 64
	exitUnavailable   = 69
	exitStuck         = 70
	exitConfig        = 78
	exitNotExecutable = 126
	exitNotFound      = 127
	exitSignal        = 128 // plus the number of the signal
)

// scratch is a directory that all tests of this run share.
var scratch string

func TestMain(m *testing.M) {
	testkit.RunRole(map[string]testkit.Role{
		"spans":     leaveSpans,
		"cleanup":   cleanUp,
		"payload":   payload,
		"tracer":    tracer,
		"container": container,
	})
	dir, err := os.MkdirTemp("", "understudy-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	scratch = dir
	code := mongotest.Main(m)
	_ = os.RemoveAll(scratch)
	os.Exit(code)
}
