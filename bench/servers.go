//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongotest"
)

// store is where candidates meet.
type store struct {
	name    string
	address string // what candidates are told; of MongoDB a function of the database's name makes it
	set     *mongotest.Set
	pids    []int // of its servers

	// count returns the operations that the store has done for its clients so far. It is nil
	// where the clients count by themselves.
	count func(ctx context.Context) (reads, writes float64, err error)
}

// stage is what one run of the benchmark has started.
type stage struct {
	dir    string
	bin    string
	stores map[string]*store
	stops  []func()
}

func (s *stage) stop() {
	for i := len(s.stops) - 1; i >= 0; i-- {
		s.stops[i]()
	}
}

func (s *stage) path(program string) string { return filepath.Join(s.bin, program) }

// startMongo starts a replica set.
func (s *stage) startMongo(nodes int) error {
	set, stop, err := mongotest.StartSet(nodes)
	if err != nil {
		return err
	}
	s.stops = append(s.stops, func() { _ = stop() })
	client, err := mongo.Connect(options.Client().ApplyURI(set.URI()))
	if err != nil {
		return err
	}
	s.stops = append(s.stops, func() { _ = client.Disconnect(context.Background()) })
	name := "mongodb1"
	if nodes > 1 {
		name = "mongodb" + strconv.Itoa(nodes)
	}
	s.stores[name] = &store{name: name, set: set, pids: set.PIDs(), count: func(ctx context.Context) (reads, writes float64, err error) {
		return mongoCommands(ctx, client)
	}}
	return nil
}

// uri returns the address of a database of a replica set.
func (st *store) uri(database string) string {
	if st.set == nil {
		return st.address
	}
	return strings.Replace(st.set.URI(), "/?", "/"+database+"?", 1)
}

// mongoCommands counts the commands that read and that write. It leaves out getMore: with
// several nodes, most of them are those of the secondaries.
func mongoCommands(ctx context.Context, client *mongo.Client) (reads, writes float64, err error) {
	var status struct {
		Metrics struct {
			Commands map[string]bson.RawValue `bson:"commands"`
		} `bson:"metrics"`
	}
	if err := client.Database("admin").RunCommand(ctx, bson.D{{Key: "serverStatus", Value: 1}}).Decode(&status); err != nil {
		return 0, 0, err
	}
	total := func(names ...string) (sum float64) {
		for _, name := range names {
			var c struct{ Total int64 }
			if status.Metrics.Commands[name].Unmarshal(&c) == nil {
				sum += float64(c.Total)
			}
		}
		return sum
	}
	return total("find", "aggregate", "count"), total("insert", "update", "delete", "findAndModify"), nil
}

// startEtcd starts a node of etcd.
func (s *stage) startEtcd(name, speed string) error {
	addresses, p, err := s.server("etcdserver", filepath.Join(s.dir, name), speed)
	if err != nil {
		return err
	}
	if len(addresses) != 2 {
		return fmt.Errorf("etcdserver printed %q", addresses)
	}
	s.stores[name] = &store{name: name, address: addresses[0], pids: []int{p.pid()}, count: func(ctx context.Context) (reads, writes float64, err error) {
		return etcdRequests(ctx, addresses[1])
	}}
	return nil
}

// etcdRequests counts the requests of clients. A renewal of a lease is a message on a
// stream that lasts; it counts as a write, although etcd does not write it to its disk.
func etcdRequests(ctx context.Context, metrics string) (reads, writes float64, err error) {
	text, err := fetch(ctx, "http://"+metrics+"/metrics")
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "grpc_server_msg_received_total{") {
			continue
		}
		fields := strings.Fields(line)
		n, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		if err != nil {
			return 0, 0, err
		}
		switch {
		case strings.Contains(line, `grpc_method="Range"`), strings.Contains(line, `grpc_method="Watch"`):
			reads += n
		case strings.Contains(line, `grpc_service="etcdserverpb.KV"`), strings.Contains(line, `grpc_service="etcdserverpb.Lease"`):
			writes += n
		}
	}
	return reads, writes, nil
}

// startAPIServer starts the API server, and an etcd of its own.
func (s *stage) startAPIServer() error {
	if err := s.startEtcd("kubernetes-etcd", "default"); err != nil {
		return err
	}
	etcd := s.stores["kubernetes-etcd"]
	delete(s.stores, "kubernetes-etcd")
	addresses, p, err := s.server("apiserver", etcd.address)
	if err != nil {
		return err
	}
	s.stores["kubernetes"] = &store{name: "kubernetes", address: addresses[0], pids: append(etcd.pids, p.pid()), count: func(ctx context.Context) (reads, writes float64, err error) {
		text, err := fetch(ctx, "http://"+addresses[0]+"/reads-and-writes")
		if err == nil {
			_, err = fmt.Sscan(text, &reads, &writes)
		}
		return reads, writes, err
	}}
	return nil
}

// server starts a server, and returns what it prints when it is ready.
func (s *stage) server(program string, args ...string) (addresses []string, _ *process, err error) {
	ready := make(chan string, 1)
	p, err := spawn(s.path(program), args, environ(), func(line string) {
		select {
		case ready <- line:
		default:
		}
	}, nil)
	if err != nil {
		return nil, nil, err
	}
	s.stops = append(s.stops, func() { p.stop(10 * time.Second) })
	select {
	case line := <-ready:
		return strings.Fields(line), p, nil
	case <-p.gone:
		return nil, nil, fmt.Errorf("%s ended: %s", program, p.diary)
	case <-time.After(time.Minute):
		return nil, nil, errors.New(program + " is not ready after a minute")
	}
}

func fetch(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

// folder makes a folder for the files of a store.
func (s *stage) folder(name string) (string, error) {
	dir := filepath.Join(s.dir, name)
	return dir, os.MkdirAll(dir, 0o700)
}
