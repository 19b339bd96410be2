package guard

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestTiedGroups_LeaveRoomForOtherDescriptors(t *testing.T) {
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
			t.Error(err)
		}
	}()
	for _, tt := range []struct {
		limit uint64
		most  int
	}{{0, 0}, {64, 10}, {1024, 170}, {before.Max, min(maxTies, int(min(before.Max, 1<<30)/6))}} {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: min(tt.limit, before.Max), Max: before.Max}); err != nil {
			t.Fatal(err)
		}
		if got := newTiedGroups().most; tt.limit <= before.Max && got != tt.most {
			t.Errorf("of %d descriptors: %d ties, want %d", tt.limit, got, tt.most)
		}
	}
}

// The guard's own group has to survive: a tie of it would kill the guard.
func TestTiedGroups_TieAProcessInTheGuardsOwnGroupAlone(t *testing.T) {
	groups := &tiedGroups{own: unix.Getpgrp()}
	if got, want := groups.keyOf(unix.Getpid()), unix.Getpid(); got != want {
		t.Errorf("in the guard's group: key %d, want %d", got, want)
	}
	groups.own = -1
	if got, want := groups.keyOf(unix.Getpid()), -unix.Getpgrp(); got != want {
		t.Errorf("in another group: key %d, want %d", got, want)
	}
	if got := groups.keyOf(1 << 30); got != 0 {
		t.Errorf("no such process: key %d, want 0", got)
	}
}
