package mongotest

import (
	"fmt"
	"os"
	"sync"
	"testing"
)

const requireVar, uriVar = "UNDERSTUDY_TEST_REQUIRE_MONGODB", "UNDERSTUDY_TEST_MONGODB"

// lacking counts the tests that went without a server, and says why.
var lacking struct {
	sync.Mutex
	tests int
	why   error
}

// Main runs the tests of a package, stops what they share, and ends the output
// with what they could not test for want of a server. It returns the exit code.
func Main(m *testing.M) int {
	code := m.Run()
	stopShared()
	lacking.Lock()
	defer lacking.Unlock()
	if lacking.tests > 0 {
		notice(fmt.Sprintf("mongotest: %d tests went without MongoDB: %v", lacking.tests, lacking.why))
	}
	return code
}

// lack skips a test, or fails it where a server is required.
func lack(tb testing.TB, why error) {
	tb.Helper()
	lacking.Lock()
	lacking.tests++
	lacking.why = why
	lacking.Unlock()
	if os.Getenv(requireVar) == "1" {
		tb.Fatalf("no MongoDB, and %s=1: %v", requireVar, why)
	}
	tb.Skipf("no MongoDB: %v", why)
}
