package mongotest

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// shared is the set of one node that the tests of a package share.
var shared struct {
	sync.Mutex
	set *Set
}

// Shared returns the URI of a new database on a replica set that the tests of a
// package share. The database is dropped when the test ends. The test is skipped where
// there is no server.
func Shared(tb testing.TB) (uri string) {
	tb.Helper()
	base := os.Getenv(uriVar)
	if base == "" {
		base = sharedSet(tb).URI()
	}
	name := "understudy_test_" + strings.ToLower(rand.Text()[:10])
	tb.Cleanup(func() {
		if err := drop(base, name); err != nil {
			tb.Errorf("mongotest: drop %s: %v", name, err)
		}
	})
	return withDatabase(base, name)
}

func sharedSet(tb testing.TB) *Set {
	tb.Helper()
	mongod, err := binary()
	if err != nil {
		noServer(tb, err)
	}
	shared.Lock()
	defer shared.Unlock()
	if shared.set == nil {
		s, err := start(mongod, 1)
		check(tb, err)
		shared.set = s
	}
	return shared.set
}

func stopShared() {
	shared.Lock()
	defer shared.Unlock()
	if shared.set != nil {
		_ = shared.set.stop()
		shared.set = nil
	}
}

func drop(uri, name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		return err
	}
	defer client.Disconnect(context.Background())
	return client.Database(name).Drop(ctx)
}
