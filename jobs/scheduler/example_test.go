package scheduler_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/scheduler"
	"github.com/understudy-go/understudy/registry/sqlite"
)

// A program that may run in any number of copies, of which one runs what is due.
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
	report := jobs.Func(func(ctx context.Context, r *jobs.Run) error {
		fmt.Println("a report in term", r.Term())
		stop() // a real report goes on until the program is stopped
		return r.Progress(ctx, 100, "sent")
	})
	s, err := scheduler.New(scheduler.Config{Store: reg.Jobs(), Group: "reports"}, []scheduler.Job{
		{Definition: jobs.Definition{Name: "report", Schedules: []string{"@every 1s"}}, Func: report},
	})
	if err != nil {
		log.Fatal(err)
	}
	member, err := heartbeat.New(s.Join(heartbeat.Config{Registry: reg, Group: "reports"}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("left:", member.Run(ctx, s.Lead))
	// Output:
	// a report in term 1
	// left: <nil>
}
