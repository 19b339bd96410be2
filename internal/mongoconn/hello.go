package mongoconn

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
)

// Hello is what a server says of itself.
type Hello struct {
	LocalTime time.Time `bson:"localTime"`
	Primary   bool      `bson:"isWritablePrimary"`
	SetName   string    `bson:"setName"`
	Hosts     []string  `bson:"hosts"`
	Passives  []string  `bson:"passives"` // members with data that never become the primary
	Arbiters  []string  `bson:"arbiters"`
	Msg       string    `bson:"msg"` // "isdbgrid" if it is a router of a sharded cluster
}

// Hello asks the primary what it is.
func (c *Conn) Hello(ctx context.Context) (h Hello, err error) {
	err = c.Database("admin").RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&h)
	return h, err
}

// Ping waits until any server answers, the primary or another one.
func (c *Conn) Ping(ctx context.Context) error {
	o := options.RunCmd().SetReadPreference(readpref.Nearest())
	return c.Database("admin").RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}, o).Err()
}

// Version asks the primary for the version of its software.
func (c *Conn) Version(ctx context.Context) (string, error) {
	var build struct {
		Version string `bson:"version"`
	}
	err := c.Database("admin").RunCommand(ctx, bson.D{{Key: "buildInfo", Value: 1}}).Decode(&build)
	return build.Version, err
}

// Router reports whether the server is a router of a sharded cluster.
func (h Hello) Router() bool { return h.Msg == "isdbgrid" }

// Standalone reports whether the server is a single one, which has no change
// streams and no transactions.
func (h Hello) Standalone() bool { return h.SetName == "" && !h.Router() }

// Members counts the members that hold data and are shown: hidden ones are not.
func (h Hello) Members() int { return len(h.Hosts) + len(h.Passives) }

// Topology describes the servers to people.
func (h Hello) Topology() string {
	switch {
	case h.Router():
		return "sharded cluster"
	case h.Standalone():
		return "standalone server"
	}
	if n := h.Members(); n != 1 {
		return fmt.Sprintf("replica set %s, %d members", h.SetName, n)
	}
	return fmt.Sprintf("replica set %s, 1 member", h.SetName)
}

// OnPrimaryChange has f called when another server than before is the primary of the set. The
// driver notices that when it asks the servers, or when one of them refuses a write. f must
// return soon.
func (c *Conn) OnPrimaryChange(f func()) { c.moved.Store(&f) }

// primaryChanged returns what takes the driver's descriptions of the set. The driver calls it
// for one description after the other.
func (c *Conn) primaryChanged() func(*event.TopologyDescriptionChangedEvent) {
	var last string
	return func(e *event.TopologyDescriptionChangedEvent) {
		for _, s := range e.NewDescription.Servers {
			if s.Kind != "RSPrimary" || s.Addr.String() == last {
				continue
			}
			first := last == ""
			last = s.Addr.String()
			if f := c.moved.Load(); f != nil && !first {
				(*f)()
			}
		}
	}
}
