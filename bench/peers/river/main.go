//go:build linux

// Command river is a candidate of River's elector on SQLite. The elector is part of a
// River client, so a candidate is a client with one queue that has no jobs. River elects
// one leader per database, so each group has a file of its own.
//
//	river DIRECTORY
package main

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	driver "modernc.org/sqlite"

	"github.com/understudy-go/understudy/bench/candidate"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "river: want DIRECTORY")
		os.Exit(64)
	}
	var commits atomic.Int64
	driver.RegisterConnectionHook(func(conn driver.ExecQuerierContext, _ string) error {
		conn.(driver.HookRegisterer).RegisterCommitHook(func() int32 {
			commits.Add(1)
			return 0
		})
		return nil
	})
	candidate.Main(func(ctx context.Context, group, name string, r candidate.Report) error {
		return join(ctx, filepath.Join(os.Args[1], group+".db"), name, r)
	}, candidate.Counters{Writes: commits.Load})
}

func join(ctx context.Context, path, name string, r candidate.Report) error {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_txlock=immediate")
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // as River's documents advise for SQLite
	migrator, err := rivermigrate.New(riversqlite.New(db), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(context.Context, *river.Job[nothing]) error { return nil }))
	client, err := river.NewClient(riversqlite.New(db), &river.Config{
		ID: name, Logger: slog.New(watcher{r}), Workers: workers,
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 1}},
	})
	if err != nil {
		return err
	}
	if err := client.Start(context.Background()); err != nil {
		return err
	}
	r.Joined()
	<-ctx.Done()
	stop, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	defer r.Passive()
	return client.Stop(stop)
}

type nothing struct{}

func (nothing) Kind() string { return "nothing" }

// watcher is a log that reports when its client gains the leadership. River tells that to
// no one else.
type watcher struct{ candidate.Report }

func (watcher) Enabled(context.Context, slog.Level) bool { return true }

func (w watcher) Handle(_ context.Context, r slog.Record) error {
	if strings.HasSuffix(r.Message, ": Gained leadership") {
		w.Active()
	}
	return nil
}

func (w watcher) WithAttrs([]slog.Attr) slog.Handler { return w }
func (w watcher) WithGroup(string) slog.Handler      { return w }
