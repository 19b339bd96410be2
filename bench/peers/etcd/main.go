//go:build linux

// Command etcd is a candidate of etcd's concurrency.Election. Each candidate has a client
// and a session of its own, as a process of its own would.
//
//	etcd ENDPOINT PLACE TTL_IN_SECONDS
//	etcd floor ENDPOINT TIMES
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/understudy-go/understudy/bench/candidate"
)

func main() {
	args := os.Args[1:]
	if len(args) == 3 && args[0] == "floor" {
		if err := floor(args[1], args[2]); err != nil {
			fail(err)
		}
		return
	}
	if len(args) != 3 {
		fail(fmt.Errorf("%d arguments: want ENDPOINT PLACE TTL, or floor ENDPOINT TIMES", len(args)))
	}
	ttl, err := strconv.Atoi(args[2])
	if err != nil {
		fail(err)
	}
	candidate.Main(func(ctx context.Context, group, name string, r candidate.Report) error {
		return join(ctx, args[0], ttl, args[1]+"/"+group, name, r)
	}, candidate.Counters{})
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "etcd:", err)
	os.Exit(1)
}

func connect(endpoint string, o ...grpc.DialOption) (*clientv3.Client, error) {
	return clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, DialTimeout: 10 * time.Second, Logger: zap.NewNop(), DialOptions: o})
}

func join(ctx context.Context, endpoint string, ttl int, group, name string, r candidate.Report) error {
	client, err := connect(endpoint, grpc.WithChainStreamInterceptor(renewals(r)))
	if err != nil {
		return err
	}
	defer client.Close()
	session, err := concurrency.NewSession(client, concurrency.WithTTL(ttl))
	if err != nil {
		return err
	}
	defer session.Close()
	election := concurrency.NewElection(session, "/bench/"+group)
	campaign, stop := context.WithCancel(ctx)
	defer stop()
	won := make(chan error, 1)
	go func() { won <- election.Campaign(campaign, name) }()
	r.Joined()
	select {
	case err := <-won:
		if ctx.Err() != nil {
			return nil
		} else if err != nil {
			return err
		}
	case <-session.Done():
		return fmt.Errorf("the session of %s ended while it waited", name)
	case <-ctx.Done():
		_ = <-won // Campaign resigns
		return nil
	}
	r.Active()
	defer r.Passive()
	select {
	case <-ctx.Done():
		leaving, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return election.Resign(leaving)
	case <-session.Done():
		return fmt.Errorf("the session of %s ended while it was active", name)
	}
}

// renewals reports when a renewal of a lease is sent. The session tells that to no one.
func renewals(r candidate.Report) grpc.StreamClientInterceptor {
	return func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, o ...grpc.CallOption) (grpc.ClientStream, error) {
		stream, err := open(ctx, desc, cc, method, o...)
		if err == nil && strings.HasSuffix(method, "/LeaseKeepAlive") {
			stream = renewing{stream, r}
		}
		return stream, err
	}
}

type renewing struct {
	grpc.ClientStream
	candidate.Report
}

func (s renewing) SendMsg(m any) error {
	s.Renewed(candidate.Now())
	return s.ClientStream.SendMsg(m)
}

// floor prints how long etcd itself takes to end a term, to notify of that, to begin the
// next one, and to read it back.
func floor(endpoint, times string) error {
	n, err := strconv.Atoi(times)
	if err != nil {
		return err
	}
	client, err := connect(endpoint)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	key := "/floor/" + strconv.Itoa(os.Getpid())
	if _, err := client.Put(ctx, key, "0"); err != nil {
		return err
	}
	notices := client.Watch(clientv3.WithRequireLeader(ctx), key)
	for i := range n {
		begun := time.Now()
		if _, err := client.Delete(ctx, key); err != nil {
			return err
		}
		if err := next(notices); err != nil {
			return err
		}
		_, err := client.Txn(ctx).If(clientv3.Compare(clientv3.CreateRevision(key), "=", 0)).Then(clientv3.OpPut(key, strconv.Itoa(i))).Commit()
		if err != nil {
			return err
		}
		if _, err := client.Get(ctx, key); err != nil {
			return err
		}
		fmt.Println(int64(time.Since(begun)))
		if err := next(notices); err != nil { // of the key that was put
			return err
		}
	}
	return nil
}

func next(notices clientv3.WatchChan) error {
	notice := <-notices
	return notice.Err()
}
