package mongotest

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/understudy-go/understudy/internal/testkit"
)

const requireVar, uriVar = "UNDERSTUDY_TEST_REQUIRE_MONGODB", "UNDERSTUDY_TEST_MONGODB"

// missing counts the tests that had no server, and keeps the reason.
var missing struct {
	sync.Mutex
	tests  int
	reason error
}

// Main runs the tests of a package with [testkit.Run], stops the server that they
// share, and ends the output with what could not be tested because there was no
// server. It returns the exit code.
func Main(m *testing.M) int {
	code := testkit.Run(m)
	stopShared()
	missing.Lock()
	defer missing.Unlock()
	if missing.tests > 0 {
		testkit.Notice(fmt.Sprintf("mongotest: %d tests went without MongoDB: %v", missing.tests, missing.reason))
	}
	return code
}

// MainWithoutLeaks is Main, and fails if a goroutine is left.
func MainWithoutLeaks(m *testing.M) int {
	if code := Main(m); code != 0 {
		return code
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// noServer skips a test, or fails it where a server is required.
func noServer(tb testing.TB, reason error) {
	tb.Helper()
	missing.Lock()
	missing.tests++
	missing.reason = reason
	missing.Unlock()
	if os.Getenv(requireVar) == "1" {
		tb.Fatalf("no MongoDB, and %s=1: %v", requireVar, reason)
	}
	tb.Skipf("no MongoDB: %v", reason)
}
