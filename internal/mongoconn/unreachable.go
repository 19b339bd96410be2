package mongoconn

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/understudy-go/understudy/internal/mongouri"
	"github.com/understudy-go/understudy/internal/openlimit"
)

// ErrUnreachable says that no server that accepts writes answered in time, so that
// another try makes sense. Any other error of opening stays until somebody corrects
// something.
var ErrUnreachable = errors.New("mongodb: unreachable")

// failure is why a server was last found unreachable.
type failure struct {
	address string
	err     error
}

// Why returns what the connection to a server failed with last, or else the error:
// the driver's summary of a failed call names no reason.
func (c *Conn) Why(err error) error {
	if c.uri.Unclear() {
		return mongouri.ErrUnclear
	}
	if failure := c.failure.Load(); failure != nil {
		return failure.err
	}
	return err
}

// unreachable returns the error of a server that was not reached, with the reason
// and the cure.
func (c *Conn) unreachable(err error) error {
	open := "open " + c.Place()
	cure, permanent, why := c.diagnose(err)
	if wrong := c.wrongSet(); wrong != "" {
		why, cure, permanent = err, wrong, false
	}
	if c.uri.Unclear() {
		why = mongouri.ErrUnclear
	}
	if permanent {
		return fmt.Errorf("%s: TLS: %w: %s", open, why, cure)
	}
	return fmt.Errorf("%s: %w: %w: %s", open, ErrUnreachable, why, cure)
}

// startServer is the cure where nothing points to a better one.
const startServer = "check that the server runs there, that this machine can reach it, and that a majority of its replica set is up"

// diagnose says why no server was reached, and what to do about it. It is
// permanent if another try makes no sense.
func (c *Conn) diagnose(err error) (cure string, permanent bool, why error) {
	last := c.failure.Load()
	if last == nil {
		return startServer, false, err
	}
	why = last.err
	if limit := openlimit.Cure(why, ""); limit != "" {
		return limit, false, why
	}
	if cure, permanent := certificateCure(why, c.options.TLSConfig); cure != "" {
		return cure, permanent, why
	}
	switch {
	case c.inner(last.address):
		cure = fmt.Sprintf("the replica set itself calls a member %s, which cannot be reached by that name from here: "+
			"make sure that it can, or give the member a name that all machines know (rs.reconfig); for one server alone, add directConnection=true to the URI", last.address)
	case dialing(why):
		cure = startServer
	default:
		cure = silenceCure(why, c.options.TLSConfig)
	}
	return cure, false, why
}

// inner reports whether an address is one that only the replica set names, not
// the URI.
func (c *Conn) inner(address string) bool {
	s := c.server.Load()
	named := func(list []string) bool {
		return slices.ContainsFunc(list, func(host string) bool { return strings.EqualFold(withPort(host), address) })
	}
	return s != nil && named(append(append([]string{}, s.Hosts...), s.Passives...)) && !named(c.options.Hosts)
}

// withPort returns the address of a host as the driver writes it.
func withPort(host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), "27017")
}

// wrongSet says what is wrong with the URI's replicaSet, if a server that
// answered is not of that set: the driver leaves such a one out without a word.
func (c *Conn) wrongSet() string {
	s := c.server.Load()
	if c.options.ReplicaSet == nil || s == nil || s.SetName == *c.options.ReplicaSet {
		return ""
	}
	option := "replicaSet=" + *c.options.ReplicaSet
	switch s.Kind {
	case "Standalone", "Mongos":
		return fmt.Sprintf("the server is no replica set: remove %s from the URI", option)
	}
	if s.SetName == "" {
		return ""
	}
	return fmt.Sprintf("the replica set's name is %s: correct %s in the URI", s.SetName, option)
}

// dialing reports whether not even a connection was made.
func dialing(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}
