package testkit

import (
	"testing"
	"time"
)

// Patience is how long tests wait for something that has to happen. It is far
// longer than it takes, because the machine may be busy with other tests.
const Patience = 40 * time.Second

// Until waits until a condition holds, and fails the test if it does not hold
// within [Patience].
func Until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(Patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s", Patience, what)
		}
	}
}
