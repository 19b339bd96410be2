package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/status"
)

// healthTimeout is what an instance gets to answer.
const healthTimeout = 3 * time.Second

func newHealth() *cobra.Command {
	var ready, active bool
	c := &cobra.Command{
		Use:   "health",
		Short: "Ask the instance on this machine whether it is well; exit code 0 or 1",
		Long: `Health asks the instance that serves UNDERSTUDY_HTTP_ADDR on this machine, and
exits with 0 if it is well, or else with 1 and a line that says why. It is for
images without curl, and needs no registry.

An instance is well while its loops turn, whatever the registry does. With --ready
it must also be registered and its last beat fresh, and with --active it must be
the active one.`,
		Example: `  UNDERSTUDY_HTTP_ADDR=:8080 understudy health
  HEALTHCHECK CMD ["/understudy", "health"]`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			path := "/healthz"
			switch {
			case ready && active:
				return usageError{errors.New("--ready and --active: want one of them")}
			case ready:
				path = "/readyz"
			case active:
				path = "/activez"
			}
			base, err := healthURL(os.Getenv("UNDERSTUDY_HTTP_ADDR"))
			if err != nil {
				return &config.Error{Mistakes: []string{err.Error()}}
			}
			line, err := probe(c.Context(), base+path, healthTimeout)
			if err != nil {
				return fmt.Errorf("%s: %w", base+path, err)
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), line)
			return err
		},
	}
	c.Flags().BoolVar(&ready, "ready", false, "ask whether it is registered with a fresh beat")
	c.Flags().BoolVar(&active, "active", false, "ask whether it is the active one")
	return c
}

// healthURL is where an instance with that address is reached from its own
// machine. Nothing else of the environment counts: a healthcheck may lack what
// the instance was given.
func healthURL(addr string) (string, error) {
	if addr == "" {
		return "", errors.New("UNDERSTUDY_HTTP_ADDR is not set: want the instance's own, HOST:PORT or :PORT")
	}
	host, port, err := net.SplitHostPort(addr)
	n, bad := strconv.ParseUint(port, 10, 16)
	base := url.URL{Scheme: "http", Host: addr}
	if _, odd := url.Parse(base.String()); err != nil || bad != nil || odd != nil {
		return "", fmt.Errorf("UNDERSTUDY_HTTP_ADDR=%.100q: want the instance's own, HOST:PORT or :PORT", addr)
	}
	if n == 0 {
		return "", fmt.Errorf("UNDERSTUDY_HTTP_ADDR=%.100q: port 0 is a different one each time: want the one that the instance logs as serving", addr)
	}
	switch ip, _ := netip.ParseAddr(host); {
	case ip == netip.IPv6Unspecified():
		host = "::1"
	case host == "" || ip.IsUnspecified():
		host = "127.0.0.1"
	}
	base.Host = net.JoinHostPort(host, port)
	return base.String(), nil
}

// probe returns the line that a probe answers with 200 in time, or why it does
// not.
func probe(ctx context.Context, url string, timeout time.Duration) (string, error) {
	client := http.Client{
		Timeout:       timeout,
		Transport:     &http.Transport{DisableKeepAlives: true}, // and no proxy
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", unreached(err, timeout)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1024))
	if err != nil {
		return "", unreached(err, timeout)
	}
	line, _, _ := strings.Cut(string(body), "\n")
	line = status.Visible(line)
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%d: %s", resp.StatusCode, line)
	}
	return line, nil
}

// unreached says in short why there is no answer.
func unreached(err error, timeout time.Duration) error {
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		return fmt.Errorf("no answer within %v", timeout)
	}
	var op *net.OpError
	var get *url.Error
	switch {
	case errors.As(err, &op):
		return op.Err
	case errors.As(err, &get):
		return get.Err
	}
	return err
}
