package mongotest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Primary waits until there is a primary and returns its index.
func (s *Set) Primary(tb testing.TB) int {
	tb.Helper()
	i, err := s.awaitPrimary()
	check(tb, err)
	return i
}

func (s *Set) awaitPrimary() (int, error) {
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(10 * time.Millisecond) {
		if i := s.primary(); i >= 0 {
			return i, nil
		}
	}
	return -1, fmt.Errorf("no primary for %v", patience)
}

// Kill ends node i by SIGKILL. Its files stay.
func (s *Set) Kill(tb testing.TB, i int) { tb.Helper(); check(tb, s.nodes[i].stop(true)) }

// Restart starts node i again, and returns when the set is complete.
func (s *Set) Restart(tb testing.TB, i int) {
	tb.Helper()
	check(tb, s.nodes[i].start(s.mongod))
	if !s.is(Standalone) {
		check(tb, s.healthy())
	}
}

// Freeze stops node i by SIGSTOP until [Set.Thaw] or its end.
func (s *Set) Freeze(tb testing.TB, i int) { tb.Helper(); check(tb, freeze(s.nodes[i].pid)) }

// Thaw lets node i run on.
func (s *Set) Thaw(tb testing.TB, i int) { tb.Helper(); check(tb, thaw(s.nodes[i].pid)) }

// StepDown makes the primary a secondary, for a second or longer.
func (s *Set) StepDown(tb testing.TB) {
	tb.Helper()
	check(tb, s.admin(s.Primary(tb), doc("replSetStepDown", 1, "force", true)))
}

// FailCommand makes the primary fail as many commands as given. Pairs of names and
// values say how: failCommands, errorCode, closeConnection, writeConcernError,
// blockConnection, appName. It ends when the test ends.
func (s *Set) FailCommand(tb testing.TB, times int, data ...any) {
	tb.Helper()
	i := s.Primary(tb)
	point := func(mode any) bson.D {
		return doc("configureFailPoint", "failCommand", "mode", mode, "data", doc(data...))
	}
	check(tb, s.admin(i, point(doc("times", times))))
	tb.Cleanup(func() {
		if s.nodes[i].pid != 0 {
			check(tb, s.admin(i, point("off")))
		}
	})
}

// Admin runs a command on the admin database of the primary. The command is given as
// pairs of names and values.
func (s *Set) Admin(tb testing.TB, command ...any) {
	tb.Helper()
	check(tb, s.admin(s.Primary(tb), doc(command...)))
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatalf("mongotest: %v", err)
	}
}

type hello struct {
	Primary   bool `bson:"isWritablePrimary"`
	Secondary bool `bson:"secondary"`
}

func (s *Set) hello(i int) (h hello, err error) {
	err = s.run(i, 2*time.Second, doc("hello", 1), &h)
	return h, err
}

// primary returns the index of the primary, or -1.
func (s *Set) primary() int {
	for i, n := range s.nodes {
		if n.pid == 0 {
			continue
		}
		if h, err := s.hello(i); err == nil && h.Primary {
			return i
		}
	}
	return -1
}

func (s *Set) admin(i int, command bson.D) error {
	if err := s.run(i, patience, command, nil); err != nil {
		return fmt.Errorf("%s: %w", command[0].Key, err)
	}
	return nil
}

// run runs a command on node i alone, over a connection of its own, and gives up after
// the time given. That is short for a question to a node that may be frozen, and long
// for a change on a busy machine.
func (s *Set) run(i int, within time.Duration, command bson.D, answer any) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	o := options.Client().SetHosts([]string{s.nodes[i].addr()}).SetDirect(true).
		SetServerSelectionTimeout(within).SetConnectTimeout(within)
	if s.userSet {
		o.SetAuth(options.Credential{Username: User, Password: Password})
	}
	if s.is(TLS) {
		pem, err := os.ReadFile(s.CAFile)
		if err != nil {
			return err
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		cert, err := tls.LoadX509KeyPair(s.CertFile, s.CertFile)
		if err != nil {
			return err
		}
		o.SetTLSConfig(&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{cert}})
	}
	client, err := mongo.Connect(o)
	if err != nil {
		return err
	}
	defer client.Disconnect(context.Background())
	result := client.Database("admin").RunCommand(ctx, command)
	if answer == nil {
		return result.Err()
	}
	return result.Decode(answer)
}

// doc returns a document of pairs of names and values, in that order.
func doc(pairs ...any) bson.D {
	var d bson.D
	for i := 0; i+1 < len(pairs); i += 2 {
		d = append(d, bson.E{Key: pairs[i].(string), Value: pairs[i+1]})
	}
	return d
}
