package guard

import (
	"os"
	"testing"
)

func TestReserveThreads_LeavesTheThreadsIdle(t *testing.T) {
	const n = 24
	reserveThreads(n)
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) < n {
		t.Errorf("%d threads, want %d at least", len(entries), n)
	}
}
