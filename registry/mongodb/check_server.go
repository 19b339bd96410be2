package mongodb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/understudy-go/understudy/internal/mongoconn"
)

// nameAll is the cure for a URI that depends on one member of a replica set.
const nameAll = "have the URI name all members: mongodb://HOST1,HOST2,HOST3/, and no directConnection"

// reachable waits for an answer of any server, the primary or another one.
func (c *checker) reachable(ctx context.Context) bool {
	begun := time.Now()
	err := c.r.conn.Ping(ctx)
	if err != nil && !mongoconn.Unauthenticated(err) {
		c.explain(ctx, Reachable, err)
		return false
	}
	c.ok(Reachable, "%s answered within %v", c.r.conn.Place(), time.Since(begun).Round(time.Millisecond))
	if err != nil {
		c.explain(ctx, "authenticated", err)
	}
	return err == nil
}

// authenticated reports as whom the server accepts this connection.
func (c *checker) authenticated(ctx context.Context) bool {
	const name = "authenticated"
	c.privileges = c.r.privileges(ctx)
	err := c.r.peekNearest(ctx)
	switch {
	case c.r.conn.Authenticates():
		c.ok(name, "as %s", strings.Replace(c.r.conn.User(), "this user", "the user that the URI names", 1))
	case mongoconn.Unauthorized(err):
		c.explain(ctx, name, err)
		return false
	case err != nil:
		c.explain(ctx, name, err)
	default:
		c.warn(name, "the server asks for no user name: whoever reaches it can write", "turn its access control on, unless the network keeps others out")
	}
	return true
}

// primary reports whether there is a primary, and how many members may fail.
func (c *checker) primary(ctx context.Context) bool {
	const name = "replica set"
	h, err := c.r.hello(ctx)
	if err != nil {
		c.fail(name, fmt.Errorf("it has no primary, so nothing can be written: %w", c.r.conn.Why(err)),
			"check that a majority of its members is up and that they reach each other")
		return false
	}
	about := strings.TrimPrefix(h.Topology(), "replica set ")
	if info, err := c.r.Info(ctx); err == nil {
		about += ", MongoDB " + info.Version
	}
	data := h.Members()
	majority := (data+len(h.Arbiters))/2 + 1
	switch {
	case c.r.conn.Direct() && h.SetName != "" && !h.Primary:
		c.fail(name, errors.New(about+", whose primary is another member, and directConnection=true forbids to look for it"), nameAll)
		return false
	case h.Router():
		c.ok(name, "none, but a %s", about)
	case h.Standalone():
		c.warn(name, "none, but a "+about+": if it fails, all instances stop", "run it as a replica set, of three members if one may fail")
	case data <= majority:
		c.warn(name, about+": if one fails, all instances stop", "with three members that hold data, one may fail")
	case c.r.conn.Direct():
		c.warn(name, about+": with directConnection=true all instances stop as soon as another member is the primary", nameAll)
	case c.r.conn.OneHost():
		c.warn(name, about+": the URI names one member alone, and no instance can start while that one is away", nameAll)
	default:
		c.ok(name, "%s: %d may fail", about, data-majority)
	}
	return true
}

// clock compares this machine's clock with the server's, by the best of a few answers.
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
	within += time.Millisecond // the precision of the server's answer
	text := "the server's agrees with this machine's"
	switch {
	case offset > within:
		text = fmt.Sprintf("the server's is %v ahead of this machine's", offset.Round(time.Millisecond))
	case offset < -within:
		text = fmt.Sprintf("the server's is %v behind this machine's", -offset.Round(time.Millisecond))
	}
	text += fmt.Sprintf(" (± %v)", within.Round(time.Millisecond))
	if offset > far || offset < -far {
		c.warn(name, text+"; no election depends on it", "set both by NTP, so that logs can be compared")
		return true
	}
	c.ok(name, "%s", text)
	return true
}
