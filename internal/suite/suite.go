// Package suite has what the tests of the contracts share: registry/registrytest and
// jobs/store/storetest.
package suite

import (
	"errors"
	"sync"
	"testing"
	"time"
)

// Deadline ends a test that hangs. It is generous, for busy machines.
const Deadline = 30 * time.Second

// Rivals is how many calls are made at the same time.
const Rivals = 16

// Race calls f for all rivals at the same time and returns their errors.
func Race(f func(i int) error) []error {
	var ready, done sync.WaitGroup
	errs := make([]error, Rivals)
	ready.Add(1)
	for i := range Rivals {
		done.Go(func() {
			ready.Wait()
			errs[i] = f(i)
		})
	}
	ready.Done()
	done.Wait()
	return errs
}

// WantError checks that an error is one of those that the contract demands.
func WantError(t testing.TB, what string, err error, want ...error) {
	t.Helper()
	for _, w := range want {
		if errors.Is(err, w) {
			return
		}
	}
	t.Errorf("%s returned %v, want one of %q", what, err, want)
}

// WantClosed waits until the channel of a watch is closed.
func WantClosed[T any](t testing.TB, ch <-chan T) {
	t.Helper()
	timeout := time.After(Deadline)
	for {
		select {
		case _, ok := <-ch:
			if !ok {
				return
			}
		case <-timeout:
			t.Fatal("the channel is still open, want it closed when the watch ends")
		}
	}
}
