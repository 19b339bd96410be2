package heartbeat_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
)

// A program that may run in any number of copies, and works in one.
func Example() {
	ctx := context.Background()
	path := filepath.Join(os.TempDir(), fmt.Sprintf("example-%d.db", os.Getpid()))
	reg, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer reg.Close(ctx)

	member, err := heartbeat.New(heartbeat.Config{Registry: reg, Group: "reports"})
	if err != nil {
		log.Fatal(err)
	}
	err = member.Run(ctx, func(ctx context.Context, t registry.Term) error {
		fmt.Println("active in term", t.Number) // until ctx ends
		return nil                              // nil: the work is done, for the whole group
	})
	fmt.Println("left:", err)
	// Output:
	// active in term 1
	// left: <nil>
}
