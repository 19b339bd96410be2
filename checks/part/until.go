package part

import (
	"testing"
	"time"
)

const patience = time.Minute // a generous deadline

// Until waits for a condition, for a minute at most.
func Until(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("waited %v for %s", patience, what)
		}
	}
}
