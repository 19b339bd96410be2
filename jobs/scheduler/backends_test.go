package scheduler_test

import (
	"context"
	"testing"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/jobs/store"
)

func openMongoDB(t testing.TB) store.Backend {
	t.Helper()
	reg, err := mongotest.OpenRegistry(context.Background(), mongotest.Shared(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reg.Close(context.Background()) })
	return reg
}

// onBackends runs a test on each backend.
func onBackends(t *testing.T, test func(t *testing.T, reg store.Backend)) {
	t.Run("sqlite", func(t *testing.T) { test(t, openSQLite(t)) })
	t.Run("mongodb", func(t *testing.T) { test(t, openMongoDB(t)) })
}
