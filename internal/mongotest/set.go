package mongotest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Option is a property of the servers of a [Set].
type Option int

const (
	// Auth makes the servers ask for credentials, which are then part of the URI.
	Auth Option = iota
	// TLS makes the servers insist on TLS, with a certificate that CAFile signed.
	TLS
	// ClientCerts makes servers with TLS insist on a certificate of the client,
	// such as CertFile.
	ClientCerts
	// Standalone makes a single server that is not a replica set.
	Standalone
)

// User and Password are the credentials of a set with [Auth]. The user has the role
// root.
const User, Password = "understudy", "s3cret+/@word"

const setName = "understudy"

// patience is how long a node may take to start, to recover, or to elect a primary. On a
// machine whose processors are busy, to recover after a SIGKILL takes more than a minute.
const patience = 3 * time.Minute

// Set is a replica set, or a standalone server, that one test has for itself.
type Set struct {
	// CAFile is the certificate that signed those of the servers, with [TLS].
	CAFile string
	// CertFile is a certificate with its key, signed by that of CAFile.
	CertFile string

	mongod  string
	dir     string
	nodes   []*node
	options []Option
	userSet bool
}

// Start runs a set of nodes until the test ends. The test is skipped where there is no
// mongod to run.
func Start(tb testing.TB, nodes int, options ...Option) *Set {
	tb.Helper()
	mongod, err := binary()
	if err != nil {
		noServer(tb, err)
	}
	s, err := start(mongod, nodes, options...)
	if err != nil {
		tb.Fatalf("mongotest: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.stop(); err != nil {
			tb.Errorf("mongotest: %v", err)
		}
	})
	return s
}

// StartSet runs a set of nodes for a program that is no test, until stop is called or the
// program ends.
func StartSet(nodes int, options ...Option) (s *Set, stop func() error, err error) {
	mongod, err := binary()
	if err != nil {
		return nil, nil, err
	}
	s, err = start(mongod, nodes, options...)
	if err != nil {
		return nil, nil, fmt.Errorf("mongotest: %w", err)
	}
	return s, s.stop, nil
}

func start(mongod string, nodes int, options ...Option) (_ *Set, err error) {
	dir, err := os.MkdirTemp("", "understudy-mongod-")
	if err != nil {
		return nil, err
	}
	s := &Set{mongod: mongod, dir: dir, options: options}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	for i := range nodes {
		n := &node{dir: filepath.Join(dir, strconv.Itoa(i))}
		s.nodes = append(s.nodes, n)
		if err := s.prepare(n); err != nil {
			return nil, err
		}
	}
	if err := s.startNodes(); err != nil {
		return nil, err
	}
	if !s.is(Standalone) {
		if err := s.initiate(); err != nil {
			return nil, err
		}
	}
	if s.is(Auth) {
		i, err := s.awaitPrimary()
		if err != nil {
			return nil, err
		}
		// As long as there is no user, anybody on this machine may create one.
		err = s.admin(i, doc("createUser", User, "pwd", Password, "roles", bson.A{"root"}))
		if err != nil {
			return nil, err
		}
		s.userSet = true
	}
	return s, nil
}

// startNodes starts all nodes at the same time.
func (s *Set) startNodes() error {
	var wait sync.WaitGroup
	errs := make([]error, len(s.nodes))
	for i, n := range s.nodes {
		wait.Go(func() { errs[i] = n.startAnywhere(s.mongod) })
	}
	wait.Wait()
	return errors.Join(errs...)
}

// prepare writes the files that the options need, and adds the arguments of the node
// that name them.
func (s *Set) prepare(n *node) error {
	if !s.is(Standalone) {
		n.args = append(n.args, "--replSet", setName, "--oplogSize", "32")
	}
	if s.is(Auth) {
		key := n.dir + ".key"
		if err := os.WriteFile(key, []byte("a2V5IG9mIGEgdGhyb3ctYXdheSBzZXQ="), 0o600); err != nil {
			return err
		}
		if s.is(Standalone) {
			n.args = append(n.args, "--auth")
		} else {
			n.args = append(n.args, "--keyFile", key)
		}
	}
	if s.is(TLS) {
		cert := n.dir + ".pem"
		s.CAFile, s.CertFile = n.dir+".ca", cert
		if err := certify(cert, s.CAFile); err != nil {
			return err
		}
		n.args = append(n.args, "--tlsMode", "requireTLS", "--tlsCertificateKeyFile", cert,
			"--tlsCAFile", s.CAFile)
		if !s.is(ClientCerts) {
			n.args = append(n.args, "--tlsAllowConnectionsWithoutCertificates")
		}
	}
	return nil
}

func (s *Set) is(o Option) bool { return slices.Contains(s.options, o) }

// initiate makes the nodes a replica set that soon notices the loss of its primary.
func (s *Set) initiate() error {
	members := bson.A{}
	for i, n := range s.nodes {
		members = append(members, doc("_id", i, "host", n.addr()))
	}
	err := s.admin(0, doc("replSetInitiate", doc(
		"_id", setName, "members", members,
		"settings", doc("electionTimeoutMillis", 2000, "heartbeatIntervalMillis", 250),
	)))
	if err != nil {
		return err
	}
	return s.healthy()
}

// healthy waits until there is a primary, and every other node that runs follows it.
func (s *Set) healthy() error {
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		primaries, others := 0, 0
		for i, n := range s.nodes {
			if n.pid == 0 {
				others++
				continue
			}
			hello, err := s.hello(i)
			switch {
			case err == nil && hello.Primary:
				primaries++
			case err == nil && hello.Secondary:
				others++
			}
		}
		if primaries == 1 && others == len(s.nodes)-1 {
			return nil
		}
		if time.Since(begun) > patience {
			return fmt.Errorf("after %v the set has %d primaries and %d others of %d", patience, primaries, others, len(s.nodes))
		}
	}
}

func (s *Set) stop() error {
	var errs []error
	for _, n := range s.nodes {
		errs = append(errs, n.stop(false))
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// URI returns the URI of the set, without a database.
func (s *Set) URI() string {
	user, query := "", []string{}
	if s.is(Auth) {
		user = escape(User) + ":" + escape(Password) + "@"
		query = append(query, "authSource=admin")
	}
	if !s.is(Standalone) {
		query = append(query, "replicaSet="+setName)
	}
	if s.is(TLS) {
		query = append(query, "tls=true", "tlsCAFile="+escape(s.CAFile))
	}
	if s.is(ClientCerts) {
		query = append(query, "tlsCertificateKeyFile="+escape(s.CertFile))
	}
	hosts := make([]string, len(s.nodes))
	for i, n := range s.nodes {
		hosts[i] = n.addr()
	}
	return "mongodb://" + user + strings.Join(hosts, ",") + "/?" + strings.Join(query, "&")
}

// PIDs returns the process ids of the nodes that run.
func (s *Set) PIDs() (list []int) {
	for _, n := range s.nodes {
		if n.pid != 0 {
			list = append(list, n.pid)
		}
	}
	return list
}

// Host returns the address of node i.
func (s *Set) Host(i int) string { return s.nodes[i].addr() }
