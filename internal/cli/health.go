package cli

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
	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/signals"
	"github.com/understudy-go/understudy/status"
)

// healthTimeout bounds how long an instance may take to answer.
const healthTimeout = 3 * time.Second

func newHealth(code *int) *cobra.Command {
	var ready, active, asJSON bool
	c := &cobra.Command{
		Use:   "health",
		Short: "Ask the instance on this machine whether it is well; exit code 0 or 1",
		Long: `Health asks the instance that serves UNDERSTUDY_HTTP_ADDR on this machine whether it
is well. It exits with 0 if it is, and otherwise with 1 and a line that says why. It
is for images without curl, and needs no registry.

An instance is well as long as its own loop runs, even while the registry does not
answer. With --ready, health asks whether it is also registered and its last beat is
fresh. With --active, health asks whether it is also the active instance.

With --json, health prints one object, whether the instance is well or not. It has the
result (ok), the endpoint, its HTTP code (0: no answer), and the text of the answer, or
the reason why there is none.`,
		Example: `  UNDERSTUDY_HTTP_ADDR=:8080 understudy health
  HEALTHCHECK CMD ["/understudy", "health"]`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
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
			base, err := healthURL(os.Getenv(config.EnvHTTPAddr))
			if err != nil {
				return &config.Error{Mistakes: []string{err.Error()}}
			}
			defer signals.IgnorePipe()()
			r := healthResult{Endpoint: base + path}
			if r.Code, r.Text, err = probe(c.Context(), r.Endpoint, healthTimeout); err != nil {
				r.Text = err.Error()
			}
			r.OK = r.Code == http.StatusOK
			if asJSON {
				if !r.OK {
					*code = exitcode.Failure
				}
				return unlessGone(writeJSON(c.OutOrStdout(), r))
			}
			return r.write(c.OutOrStdout())
		},
	}
	c.Flags().BoolVar(&ready, "ready", false, "ask whether it is registered with a fresh beat")
	c.Flags().BoolVar(&active, "active", false, "ask whether it is the active instance")
	addJSONFlag(c, &asJSON)
	return c
}

// healthResult is what an instance answered.
type healthResult struct {
	OK       bool   `json:"ok"`
	Endpoint string `json:"endpoint"`
	Code     int    `json:"code"` // 0: no answer
	Text     string `json:"text"` // of the answer, or why there is none
}

// write writes the answer for people. It returns an error if the instance is not well.
func (r healthResult) write(out io.Writer) error {
	switch {
	case r.OK:
		return unlessGone(write(out, []byte(r.Text+"\n")))
	case r.Code == 0:
		return fmt.Errorf("%s: %s", r.Endpoint, r.Text)
	}
	return fmt.Errorf("%s: %d: %s", r.Endpoint, r.Code, r.Text)
}

// healthURL returns the URL at which an instance with that address is reached from its
// own machine. It reads nothing else of the configuration, because a health check may
// run without what the instance was given.
func healthURL(addr string) (string, error) {
	if addr == "" {
		return "", errors.New("UNDERSTUDY_HTTP_ADDR is not set: want the address that the instance has, HOST:PORT or :PORT")
	}
	if what := config.StrayCharacter(addr); what != "" {
		return "", fmt.Errorf("UNDERSTUDY_HTTP_ADDR: %s", what)
	}
	host, port, err := net.SplitHostPort(addr)
	n, bad := strconv.ParseUint(port, 10, 16)
	base := url.URL{Scheme: "http", Host: addr}
	if _, odd := url.Parse(base.String()); err != nil || bad != nil || odd != nil {
		return "", fmt.Errorf("UNDERSTUDY_HTTP_ADDR=%.100q: want the address that the instance has, HOST:PORT or :PORT", addr)
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

// probe returns the code and the first line of an answer, or why there is none.
func probe(ctx context.Context, url string, timeout time.Duration) (code int, line string, err error) {
	client := http.Client{
		Timeout:       timeout,
		Transport:     &http.Transport{DisableKeepAlives: true}, // and no proxy
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", noAnswer(err, timeout)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1024))
	if err != nil {
		return 0, "", noAnswer(err, timeout)
	}
	line, _, _ = strings.Cut(string(body), "\n")
	return resp.StatusCode, status.Visible(line), nil
}

// noAnswer returns in short why there is no answer.
func noAnswer(err error, timeout time.Duration) error {
	if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() {
		return fmt.Errorf("no answer within %v", timeout)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	if get, ok := errors.AsType[*url.Error](err); ok {
		return get.Err
	}
	return err
}
