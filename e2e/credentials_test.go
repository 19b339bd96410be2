//go:build linux

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/mongotest"
)

// users starts a server that asks for credentials, and returns a function that makes
// a URI with those of a user.
func users(t *testing.T) (set *mongotest.Set, as func(user, password string) string) {
	set = mongotest.Start(t, 1, mongotest.Auth)
	_, hosts, _ := strings.Cut(set.URI(), "@")
	return set, func(user, password string) string { return "mongodb://" + user + ":" + password + "@" + hosts }
}

func createUser(t *testing.T, set *mongotest.Set, name, password string) {
	t.Helper()
	set.Admin(t, "createUser", name, "pwd", password, "roles", bson.A{bson.M{"role": "readWrite", "db": "understudy"}})
}

func TestCredentials_ReplacedInTheFileCostNoWork(t *testing.T) {
	t.Parallel()
	set, as := users(t)
	createUser(t, set, "old", "0ld")
	file := filepath.Join(t.TempDir(), "uri")
	write := func(uri string) {
		t.Helper()
		if err := os.WriteFile(file+".new", []byte(uri+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	write(as("old", "0ld"))
	g := newGroup(t, place{uri: set.URI(), set: set}, enduring)
	g.env[0] = "UNDERSTUDY_REGISTRY_FILE=" + file
	list := g.joinAll("a", "b")
	s := g.workOf(1, 2)

	set.Admin(t, "dropUser", "old")
	for _, ps := range list {
		ps.await("write the new user or password into the file")
	}
	createUser(t, set, "new", "n3w")
	write("mongodb://new:n3w@127.0.0.1:9/")
	list[0].await("names another registry")
	write(as("new", "n3w"))
	for _, ps := range list {
		ps.await("registry opened again")
	}
	g.beat()
	g.keeps(s)
	for _, ps := range list {
		for _, secret := range []string{"0ld", "n3w"} {
			if ps.logged(secret) {
				t.Errorf("the log of %s contains a password", ps.name)
			}
		}
	}
	g.conclude()
}

func TestCredentials_DroppedUserEndsTheInstanceWithItsLease(t *testing.T) {
	t.Parallel()
	set, as := users(t)
	createUser(t, set, "old", "0ld")
	g := newGroup(t, place{uri: set.URI(), set: set}, roomy)
	g.env[0] = "UNDERSTUDY_REGISTRY=" + as("old", "0ld")
	a := g.joinAll("a")[0]
	g.workOf(1, 1)
	set.Admin(t, "dropUser", "old")
	if code := a.exit(); code != exitUnavailable {
		t.Errorf("exit code %d, want %d", code, exitUnavailable)
	}
	if text := "the registry refuses this instance, which ends with its lease"; a.logs(text) != 1 {
		t.Errorf("the log does not say exactly once: %s", text)
	}
	if g.workers() != 0 {
		t.Error("the work goes on")
	}
}
