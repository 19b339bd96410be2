package heartbeat_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
)

// A program that may run in any number of copies, of which one works.
func Example() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir, _ := os.MkdirTemp("", "example") // in production: a path that all copies share
	defer os.RemoveAll(dir)
	reg, err := sqlite.Open(ctx, filepath.Join(dir, "registry.db"), sqlite.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer reg.Close(context.Background())
	member, err := heartbeat.New(heartbeat.Config{Registry: reg, Group: "reports"})
	if err != nil {
		log.Fatal(err)
	}
	err = member.Run(ctx, func(ctx context.Context, t registry.Term) error {
		fmt.Println("active in term", t.Number) // work until ctx ends, or until it is done
		return nil                              // done, for the whole group
	})
	fmt.Println("left:", err)
	// Output:
	// active in term 1
	// left: <nil>
}
