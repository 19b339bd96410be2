//go:build linux

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
	_ "modernc.org/sqlite" // the driver

	"github.com/understudy-go/understudy/bench/candidate"
)

// floor measures what a store itself needs for a hand-over: somebody ends a term, another
// is notified of that, begins the next term, and reads it back. No hand-over that survives
// the loss of power can be faster.
type floor struct {
	name    string
	measure func(ctx context.Context) (time.Duration, error)
	close   func()
	samples []time.Duration
}

func (f *floor) sample(ctx context.Context) error {
	took, err := f.measure(ctx)
	if err != nil {
		return fmt.Errorf("floor of %s: %w", f.name, err)
	}
	f.samples = append(f.samples, took)
	return nil
}

func (f *floor) figure() figure {
	return figure{Measure: "floor", System: title[f.name], Unit: "ms"}.summarize(inMS(f.samples))
}

// mongoFloor uses two clients and a change stream. Every write is acknowledged by a majority
// and in its journals.
func mongoFloor(ctx context.Context, st *store) (*floor, error) {
	connect := func() (*mongo.Client, *mongo.Collection, error) {
		c, err := connectBare(st)
		if err != nil {
			return nil, nil, err
		}
		return c, c.Database("floor").Collection("terms"), nil
	}
	one, leaving, err := connect()
	if err != nil {
		return nil, err
	}
	two, next, err := connect()
	if err != nil {
		return nil, err
	}
	id := func(term int) bson.D {
		return bson.D{{Key: "_id", Value: bson.D{{Key: "group", Value: "floor"}, {Key: "term", Value: term}}}}
	}
	term := 1
	if _, err := leaving.InsertOne(ctx, id(term)); err != nil {
		return nil, err
	}
	stream, err := next.Watch(ctx, mongo.Pipeline{}, options.ChangeStream().SetMaxAwaitTime(30*time.Second))
	if err != nil {
		return nil, err
	}
	await := func(ctx context.Context) error {
		if stream.Next(ctx) {
			return nil
		}
		return errors.Join(errors.New("no notice"), stream.Err())
	}
	return &floor{
		name: st.name,
		measure: func(ctx context.Context) (time.Duration, error) {
			begun := time.Now()
			if _, err := leaving.UpdateOne(ctx, id(term), bson.D{{Key: "$set", Value: bson.D{{Key: "ended", Value: true}}}}); err != nil {
				return 0, err
			}
			if err := await(ctx); err != nil {
				return 0, err
			}
			term++
			if _, err := next.InsertOne(ctx, id(term)); err != nil {
				return 0, err
			}
			if err := next.FindOne(ctx, id(term)).Err(); err != nil {
				return 0, err
			}
			return time.Since(begun), await(ctx) // the notice of the insert is not part of it
		},
		close: func() {
			_ = stream.Close(context.Background())
			_, _ = one.Disconnect(context.Background()), two.Disconnect(context.Background())
		},
	}, nil
}

// connectBare returns a client whose writes are acknowledged by a majority and in its journals.
func connectBare(st *store) (*mongo.Client, error) {
	journaled := true
	return mongo.Connect(options.Client().ApplyURI(st.set.URI()).
		SetWriteConcern(&writeconcern.WriteConcern{W: "majority", Journal: &journaled}).SetReadConcern(readconcern.Majority()))
}

// sqliteFloor uses three connections and a file beside the database that is touched after a
// commit. Every commit waits for the disk.
func sqliteFloor(ctx context.Context, dir string) (_ *floor, err error) {
	path, notice := filepath.Join(dir, "floor.db"), filepath.Join(dir, "notice")
	open := func() (*sql.DB, error) {
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(10000)")
		if err == nil {
			db.SetMaxOpenConns(1)
			err = db.PingContext(ctx)
		}
		return db, err
	}
	var dbs [3]*sql.DB
	for i := range dbs {
		if dbs[i], err = open(); err != nil {
			return nil, err
		}
	}
	if _, err := dbs[0].ExecContext(ctx, "CREATE TABLE terms (number INTEGER PRIMARY KEY, ended INTEGER) STRICT; INSERT INTO terms VALUES (1, NULL)"); err != nil {
		return nil, err
	}
	var statements [3]*sql.Stmt
	for i, text := range []string{"UPDATE terms SET ended = 1 WHERE number = ?", "INSERT INTO terms (number) VALUES (?)", "SELECT number FROM terms WHERE number = ? AND ended IS NULL"} {
		if statements[i], err = dbs[i].PrepareContext(ctx, text); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(notice, nil, 0o600); err != nil {
		return nil, err
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	if err := watcher.Add(notice); err != nil {
		return nil, err
	}
	term := 1
	return &floor{
		name: "sqlite",
		measure: func(ctx context.Context) (time.Duration, error) {
			begun := time.Now()
			if _, err := statements[0].ExecContext(ctx, term); err != nil {
				return 0, err
			}
			now := time.Now()
			if err := os.Chtimes(notice, now, now); err != nil {
				return 0, err
			}
			select {
			case <-watcher.Events:
			case <-ctx.Done():
				return 0, ctx.Err()
			}
			term++
			if _, err := statements[1].ExecContext(ctx, term); err != nil {
				return 0, err
			}
			var read int
			if err := statements[2].QueryRowContext(ctx, term).Scan(&read); err != nil {
				return 0, err
			}
			return time.Since(begun), nil
		},
		close: func() {
			watcher.Close()
			for _, db := range dbs {
				db.Close()
			}
		},
	}, nil
}

// processFloor starts the small program that is the command, and waits for its output. A
// hand-over between programs cannot do without that.
func (s *stage) processFloor() *floor {
	return &floor{
		name: "process",
		measure: func(ctx context.Context) (time.Duration, error) {
			output := make(chan time.Duration, 1)
			begun := candidate.Now()
			p, err := spawn(s.path("firstline"), nil, environ(), func(line string) {
				at, _ := strconv.ParseInt(line, 10, 64)
				output <- time.Duration(at)
			}, nil)
			if err != nil {
				return 0, err
			}
			defer p.stop(0)
			select {
			case at := <-output:
				return at - begun, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		},
		close: func() {},
	}
}

// etcdFloor has etcd's own program measure.
func (s *stage) etcdFloor(st *store) *floor {
	return &floor{
		name: st.name,
		measure: func(ctx context.Context) (time.Duration, error) {
			// The first one of a connection is not that of the others.
			out, err := exec.CommandContext(ctx, s.path("etcd"), "floor", st.address, "3").Output()
			if err != nil {
				return 0, err
			}
			fields := strings.Fields(string(out))
			last, err := strconv.ParseInt(fields[len(fields)-1], 10, 64)
			return time.Duration(last), err
		},
		close: func() {},
	}
}

// floors opens the floors of the stores that are there.
func (s *stage) floors(ctx context.Context) (list []*floor, err error) {
	dir, err := s.folder("floor")
	if err != nil {
		return nil, err
	}
	add := func(f *floor, err error) error {
		if err != nil {
			return err
		}
		list = append(list, f)
		s.stops = append(s.stops, f.close)
		return f.sample(ctx) // and forget it: the first one is slower
	}
	err = errors.Join(add(s.processFloor(), nil), add(sqliteFloor(ctx, dir)))
	for _, name := range []string{"mongodb1", "mongodb3"} {
		if st := s.stores[name]; st != nil && err == nil {
			err = add(mongoFloor(ctx, st))
		}
	}
	if st := s.stores["etcd"]; st != nil && err == nil {
		err = add(s.etcdFloor(st), nil)
	}
	for _, f := range list {
		f.samples = nil
	}
	return list, err
}
