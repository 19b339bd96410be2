package mongodb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/understudy-go/understudy/internal/mongobell"
	"github.com/understudy-go/understudy/internal/mongoconn"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/finding"
)

// Reachable is the name of the finding that a server answers.
const Reachable = "reachable"

// checkTimeout bounds each step of a check but the first.
const checkTimeout = 5 * time.Second

// Check examines the servers of a URI, tries there what instances do first, and
// reports of each thing that they need whether it is there. It stops where the rest
// is impossible, leaves nothing behind, and shows no credentials.
//
// The servers have the given time to answer at all, and 5 seconds for each step after
// that. The finding Reachable is an error if none answered, and its Err is ErrURI if
// the URI is the reason.
func Check(ctx context.Context, uri string, o Options, connect time.Duration) []finding.Finding {
	connecting, cancel := context.WithTimeout(ctx, connect)
	defer cancel()
	r, err := dial(connecting, uri, o)
	if err != nil {
		return []finding.Finding{finding.Error(Reachable, err, "")}
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = r.Close(ctx)
	}()
	r.hang(false, true, nil) // the trial rings for nobody
	c := &checker{r: r}
	if names := r.conn.UnknownOptions(); len(names) > 0 {
		c.warn("URI", "the driver does not know these options, and ignores them: "+strings.Join(names, ", "), "correct their names, or remove them")
	}
	steps := []func(context.Context) bool{
		c.authenticated, c.primary, c.collections, c.writable, c.rights, c.clock, c.records, c.trial, c.index, c.watch,
	}
	if !c.reachable(connecting) {
		return c.findings
	}
	for _, step := range steps {
		ctx, cancel := context.WithTimeout(ctx, checkTimeout)
		goOn := step(ctx)
		cancel()
		if !goOn {
			break
		}
	}
	return c.findings
}

// checker takes the steps of a check and collects the findings. A step returns false
// if the rest is impossible.
type checker struct {
	r          *Registry
	privileges privileges
	usable     map[string]bool // the collections that the trial may write to
	listed     bool            // the options of the collections are known
	findings   []finding.Finding
}

func (c *checker) ok(name, format string, args ...any) {
	c.findings = append(c.findings, finding.OK(name, format, args...))
}

func (c *checker) warn(name, detail, cure string) {
	c.findings = append(c.findings, finding.Warning(name, detail, cure))
}

func (c *checker) fail(name string, err error, cure string) {
	c.findings = append(c.findings, finding.Error(name, err, cure))
}

// explain adds an error in the words in which Open would explain it.
func (c *checker) explain(ctx context.Context, name string, err error) {
	f := finding.Error(name, c.r.explain(ctx, err), "")
	f.Detail = strings.TrimPrefix(f.Detail, "open "+c.r.conn.Place()+": ")
	c.findings = append(c.findings, f)
}

// writable makes a write that changes nothing. It is acknowledged as all writes are.
func (c *checker) writable(ctx context.Context) bool {
	begun := time.Now()
	err := probe(ctx, c.r.instances)
	took := time.Since(begun).Round(10 * time.Microsecond)
	switch {
	case err == nil:
		c.ok("writable", "the database %s", c.r.database())
		c.ok("majority", "it acknowledged a write within %v", took)
	case mongoconn.Unauthorized(err):
		c.explain(ctx, "writable", err)
	case mongoconn.Final(err):
		c.explain(ctx, "writable", err)
		return false
	default:
		c.fail("majority", fmt.Errorf("it acknowledged no write within %v: %w", took.Round(time.Millisecond), c.r.conn.Why(err)),
			"check that a majority of the replica set's members is up, reach each other, and keep up")
		return false
	}
	return true
}

// watch tries the bell, and reports whether this user may make and ring it.
func (c *checker) watch(ctx context.Context) bool {
	const (
		name   = "watch"
		polled = ": so the active instance and the next one read the terms once per interval"
	)
	missing, err := c.r.bell.Examine(ctx)
	lacking := c.privileges.missing(c.r.database(), mongobell.Names()[0], "find", "insert")
	if len(missing) > 0 {
		lacking = append(lacking, c.privileges.missing(c.r.database(), missing[0], "createCollection")...)
	}
	switch {
	case mongoconn.Unauthorized(err):
		c.warn(name, "this user is not allowed to read the collections bell0 to bell19"+polled, "grant it the role readWrite")
	case err != nil && errors.Is(err, registry.ErrNoWatch):
		c.warn(name, fmt.Sprintf("%v%s", err, polled), "a MongoDB server has tailable cursors on capped collections; a collection bell0 to bell19 of another program is in the way")
	case err != nil:
		c.explain(ctx, name, err)
	case len(lacking) > 0:
		c.warn(name, fmt.Sprintf("%s lacks: %s in the collections bell0 to bell19%s", c.r.conn.User(), strings.Join(lacking, ", "), polled),
			fmt.Sprintf("grant it the role readWrite in the database %s", c.r.database()))
	case len(missing) > 0:
		c.ok(name, "tailable cursors announce changes at once; instances make %d of the collections bell0 to bell19 when they need them", len(missing))
	default:
		c.ok(name, "tailable cursors announce changes at once")
	}
	return true
}
