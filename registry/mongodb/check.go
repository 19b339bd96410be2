package mongodb

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/finding"
)

// Reachable names the finding that a server answers.
const Reachable = "reachable"

// checkTimeout bounds each step of a check but the first.
const checkTimeout = 5 * time.Second

// Check looks at the servers of a URI, tries there what instances do first, and
// says of each thing that they need whether it is there. It stops at what makes
// the rest impossible, leaves nothing behind, and shows no credentials. The servers have the given time to
// answer at all, and 5 seconds for each step after that. The finding Reachable
// is an error if none answered, and its Err is ErrURI if the URI is to blame.
func Check(ctx context.Context, uri string, o Options, connect time.Duration) []finding.Finding {
	connecting, cancel := context.WithTimeout(ctx, connect)
	defer cancel()
	r, t, err := dial(connecting, uri, o)
	if err != nil {
		return []finding.Finding{finding.Error(Reachable, err, "")}
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = r.Close(ctx)
	}()
	c := &checker{r: r, t: t}
	if names := unknownOptions(uri); len(names) > 0 {
		c.warn("URI", "options that nobody knows are ignored: "+strings.Join(names, ", "), "correct their names, or remove them")
	}
	steps := []func(context.Context) bool{c.authenticated, c.primary, c.collections, c.writable, c.rights, c.clock, c.records, c.trial, c.index, c.watch}
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

// nameAll is the cure for a URI that depends on one member of a replica set.
const nameAll = "have the URI name all members: mongodb://HOST1,HOST2,HOST3/, and no directConnection"

// checker collects what was found.
type checker struct {
	r          *Registry
	t          *target
	privileges privileges
	usable     map[string]bool // the collections that a trial may write to
	listed     bool            // their options are known
	findings   []finding.Finding
}

func (c *checker) ok(name, format string, args ...any) {
	c.findings = append(c.findings, finding.OK(name, format, args...))
}

func (c *checker) warn(name, detail, cure string) {
	c.findings = append(c.findings, finding.Warning(name, detail, cure))
}

// explain notes an error as Open would explain it.
func (c *checker) explain(ctx context.Context, name string, err error) {
	f := finding.Error(name, c.t.explain(ctx, err), "")
	f.Detail = strings.TrimPrefix(f.Detail, "open "+c.t.name+": ")
	c.findings = append(c.findings, f)
}

func (c *checker) fail(name string, err error, cure string) {
	c.findings = append(c.findings, finding.Error(name, err, cure))
}

// reachable asks any server, be it the primary or not.
func (c *checker) reachable(ctx context.Context) bool {
	begun := time.Now()
	command := bson.D{{Key: "hello", Value: 1}}
	err := c.r.client.Database("admin").RunCommand(ctx, command, options.RunCmd().SetReadPreference(readpref.Nearest())).Err()
	if err != nil && !hasCode(err, unauthenticated...) {
		c.explain(ctx, Reachable, err)
		return false
	}
	c.ok(Reachable, "%s answered within %v", c.t.name, time.Since(begun).Round(time.Millisecond))
	if err != nil {
		c.explain(ctx, "authenticated", err)
	}
	return err == nil
}

// authenticated sees who the server takes this for.
func (c *checker) authenticated(ctx context.Context) bool {
	const name = "authenticated"
	c.privileges = c.r.privileges(ctx)
	err := c.r.peekNearest(ctx)
	switch {
	case hasCode(err, codeUnauthorized) && c.t.options.Auth == nil:
		c.explain(ctx, name, err)
		return false
	case err != nil && c.t.options.Auth == nil:
		c.explain(ctx, name, err)
	case c.t.options.Auth == nil:
		c.warn(name, "the server asks nobody for a name: whoever reaches it can write", "turn its access control on, unless the network keeps others out")
	default:
		c.ok(name, "as %s", strings.Replace(c.t.user(), "this user", "the user that the URI names", 1))
	}
	return true
}

// primary sees whether there is one, and how much the set could lose.
func (c *checker) primary(ctx context.Context) bool {
	const name = "replica set"
	h, err := c.r.hello(ctx)
	if err != nil {
		c.fail(name, fmt.Errorf("it has no primary, so nothing can be written: %w", c.t.why(err)),
			"see that a majority of its members is up and that they reach each other")
		return false
	}
	about := strings.TrimPrefix(h.topology(), "replica set ")
	if info, err := c.r.Info(ctx); err == nil {
		about += ", MongoDB " + info.Version
	}
	data := h.members()
	majority := (data+len(h.Arbiters))/2 + 1
	switch {
	case c.t.direct() && h.SetName != "" && !h.Primary:
		c.fail(name, errors.New(about+", whose primary is another, and directConnection=true keeps from looking for it"), nameAll)
		return false
	case h.Msg == "isdbgrid":
		c.ok(name, "none, but a %s", about)
	case h.SetName == "":
		c.warn(name, "none, but a "+about+", without which all stand still", "run it as a replica set, of three members if one may fail")
	case data <= majority:
		c.warn(name, about+": if one fails, all stand still", "with three that hold data, one may fail")
	case c.t.direct():
		c.warn(name, about+": directConnection=true makes all stand still once another is the primary", nameAll)
	case len(c.t.options.Hosts) == 1 && !strings.HasPrefix(c.t.name, "mongodb+srv:"):
		c.warn(name, about+": the URI names one alone, without which no instance can start", nameAll)
	default:
		c.ok(name, "%s: %d may fail", about, data-majority)
	}
	return true
}

// writable asks for a write that changes nothing, acknowledged as all writes
// are.
func (c *checker) writable(ctx context.Context) bool {
	begun := time.Now()
	err := probe(ctx, c.r.instances)
	took := time.Since(begun).Round(10 * time.Microsecond)
	switch {
	case err == nil:
		c.ok("writable", "the database %s", c.t.database)
		c.ok("majority", "it acknowledged a write within %v", took)
	case hasCode(err, codeUnauthorized):
		c.explain(ctx, "writable", err)
	case answeredNo(err):
		c.explain(ctx, "writable", err)
		return false
	default:
		c.fail("majority", fmt.Errorf("it acknowledged no write within %v: %w", took.Round(time.Millisecond), c.t.why(err)),
			"see that a majority of the replica set's members is up, reach each other, and keep up")
		return false
	}
	return true
}

// answeredNo reports whether a server answered, and will answer so again.
func answeredNo(err error) bool {
	var (
		server mongo.ServerError
		write  mongo.WriteException
	)
	if !errors.As(err, &server) || mongo.IsTimeout(err) || mongo.IsNetworkError(err) || hasCode(err, changingState...) {
		return false
	}
	return !errors.As(err, &write) || write.WriteConcernError == nil
}

// clock compares this machine's with the server's, the best of a few answers.
func (c *checker) clock(ctx context.Context) bool {
	const name, far = "clock", time.Minute
	var offset, within time.Duration
	for i := range 3 {
		begun := time.Now()
		h, err := c.r.hello(ctx)
		if err != nil {
			c.explain(ctx, name, err)
			return false
		}
		half := time.Since(begun) / 2
		if i == 0 || half < within {
			offset, within = h.LocalTime.Sub(begun.Add(half)), half
		}
	}
	within += time.Millisecond // it tells no less
	text := "the server's is as this machine's"
	switch {
	case offset > within:
		text = fmt.Sprintf("the server's is %v ahead of this machine's", offset.Round(time.Millisecond))
	case offset < -within:
		text = fmt.Sprintf("the server's is %v behind this machine's", -offset.Round(time.Millisecond))
	}
	text += fmt.Sprintf(" (± %v)", within.Round(time.Millisecond))
	if offset > far || offset < -far {
		c.warn(name, text+", which no election needs", "set both by NTP, for whoever compares logs")
		return true
	}
	c.ok(name, "%s", text)
	return true
}

// watch opens a change stream, and closes it.
func (c *checker) watch(ctx context.Context) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_, err := c.r.Watch(ctx, "check")
	switch {
	case errors.Is(err, registry.ErrNoWatch) && hasCode(err, codeUnauthorized):
		c.warn("watch", "this user must not watch the terms: each instance reads them every interval", "grant it the action changeStream, or the role readWrite")
	case errors.Is(err, registry.ErrNoWatch):
		c.warn("watch", "there are no change streams: each instance reads the terms every interval", "a replica set has them")
	case err != nil:
		c.explain(ctx, "watch", err)
	default:
		c.ok("watch", "changes are told at once, by a change stream")
	}
	return true
}

// why is what a connection said last, or else the error.
func (t *target) why(err error) error {
	if t.unclear {
		return errUnclear
	}
	if failure := t.failure.Load(); failure != nil {
		return failure.err
	}
	return err
}

var optionName = regexp.MustCompile(`^[A-Za-z]{1,40}$`)

// unknownOptions are those of a URI that the driver ignores. What may be a part
// of a secret is not among them.
func unknownOptions(uri string) (names []string) {
	_, query, _ := strings.Cut(uri[strings.LastIndexByte(uri, '@')+1:], "?")
	for _, pair := range strings.FieldsFunc(query, func(c rune) bool { return c == '&' || c == ';' }) {
		name, _, _ := strings.Cut(pair, "=")
		parsed, err := connstring.Parse("mongodb://host/?" + pair)
		if err == nil && len(parsed.UnknownOptions) > 0 && optionName.MatchString(name) {
			names = append(names, name)
		}
	}
	return names
}
