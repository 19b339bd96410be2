// Command etcdserver is one node of etcd, embedded. It prints the address of its clients
// and that of its metrics, and runs until its stdin ends.
//
//	etcdserver DIRECTORY default|fast
package main

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "etcdserver:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("%d arguments: want DIRECTORY default|fast", len(args))
	}
	cfg := embed.NewConfig()
	cfg.Dir, cfg.LogLevel, cfg.LogOutputs = args[0], "error", []string{"stderr"}
	if args[1] == "fast" {
		cfg.TickMs, cfg.ElectionMs = 10, 100 // then a lease may be as short as a second
	}
	var lists [3][]url.URL
	for i := range lists {
		address, err := free()
		if err != nil {
			return err
		}
		lists[i] = []url.URL{{Scheme: "http", Host: address}}
	}
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = lists[0], lists[0]
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = lists[1], lists[1]
	cfg.ListenMetricsUrls = lists[2]
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	e, err := embed.StartEtcd(cfg)
	if err != nil {
		return err
	}
	defer e.Close()
	select {
	case <-e.Server.ReadyNotify():
	case err := <-e.Err():
		return err
	case <-time.After(time.Minute):
		return fmt.Errorf("etcd is not ready after a minute")
	}
	fmt.Println(lists[0][0].Host, lists[2][0].Host)
	_, _ = io.Copy(io.Discard, os.Stdin)
	return nil
}

func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
