package mongostore_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.Parallel(2) // each may run a server of its own, and most use the shared one
	code := mongotest.Main(m)
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
