package mongotest

import (
	"testing"
	"time"
)

// Eventually calls try until it returns nil, for as long as a failover may take.
func Eventually(t testing.TB, what string, try func() error) {
	t.Helper()
	begun := time.Now()
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Since(begun) > patience {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
