package mongostore_test

import (
	"os"
	"testing"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.Parallel(2) // each may run a server of its own, and most use the shared one
	os.Exit(mongotest.MainWithoutLeaks(m))
}
