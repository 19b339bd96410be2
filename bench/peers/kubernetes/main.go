//go:build linux

// Command kubernetes is a candidate of client-go's leaderelection on a Lease. Each
// candidate has a client and a transport of its own, as a process of its own would.
//
//	kubernetes ADDRESS NAMESPACE LEASE_DURATION RENEW_DEADLINE RETRY_PERIOD
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"

	"github.com/understudy-go/understudy/bench/candidate"
)

func main() {
	quiet := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(quiet)
	_ = quiet.Set("logtostderr", "false")
	_ = quiet.Set("stderrthreshold", "FATAL")
	klog.SetOutput(discard{})
	args := os.Args[1:]
	if len(args) != 5 {
		fail(fmt.Errorf("%d arguments: want ADDRESS NAMESPACE LEASE_DURATION RENEW_DEADLINE RETRY_PERIOD", len(args)))
	}
	var lease, renew, retry time.Duration
	for i, d := range []*time.Duration{&lease, &renew, &retry} {
		var err error
		if *d, err = time.ParseDuration(args[i+2]); err != nil {
			fail(err)
		}
	}
	candidate.Main(func(ctx context.Context, group, name string, r candidate.Report) error {
		client, err := connect(args[0], renew, r)
		if err != nil {
			return err
		}
		e, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
			Lock: &resourcelock.LeaseLock{
				LeaseMeta: metav1.ObjectMeta{Namespace: args[1], Name: group}, Client: client,
				LockConfig: resourcelock.ResourceLockConfig{Identity: name},
			},
			LeaseDuration: lease, RenewDeadline: renew, RetryPeriod: retry, ReleaseOnCancel: true, Name: group,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) { r.Active() },
				OnStoppedLeading: r.Passive,
			},
		})
		if err != nil {
			return err
		}
		r.Joined()
		e.Run(ctx)
		if ctx.Err() == nil {
			return fmt.Errorf("%s lost its lease", name)
		}
		return nil
	}, candidate.Counters{})
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "kubernetes:", err)
	os.Exit(1)
}

// connect returns a client that shares its connection with no other one. A dialer of its
// own does that: client-go keeps transports with one apart.
func connect(address string, renew time.Duration, r candidate.Report) (*coordination.CoordinationV1Client, error) {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return coordination.NewForConfig(&rest.Config{
		ContentConfig: rest.ContentConfig{ContentType: "application/json", AcceptContentTypes: "application/json"},
		Host:          "http://" + address, Timeout: max(time.Second, renew/2), // as controller-runtime and kube-scheduler do
		WrapTransport: func(to http.RoundTripper) http.RoundTripper { return renewing{to, r} },
		Dial:          dialer.DialContext, QPS: -1, // the limit on the client's side is not what is measured
	})
}

// renewing reports when an update of a Lease that went well was sent.
type renewing struct {
	to http.RoundTripper
	candidate.Report
}

func (t renewing) RoundTrip(req *http.Request) (*http.Response, error) {
	sent := candidate.Now()
	resp, err := t.to.RoundTrip(req)
	if err == nil && req.Method != http.MethodGet && resp.StatusCode == http.StatusOK {
		t.Renewed(sent)
	}
	return resp, err
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
