package api

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/understudy-go/understudy/internal/mongotest"
)

// The answers of all tests together have to be all that the document has.
func TestMain(m *testing.M) {
	code := mongotest.MainWithoutLeaks(m)
	if all := flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.fuzz").Value.String() == "" && !testing.Short(); code == 0 && all {
		for _, missing := range description.unseen() {
			fmt.Fprintf(os.Stderr, "docs/openapi.yaml has %s, which no test saw\n", missing)
			code = 1
		}
	}
	os.Exit(code)
}
