package sqlite

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/understudy-go/understudy/registry"
)

// A WAL index that another program truncates is mapped: a process that touches it dies. It
// can be made again from the WAL, and no registration is lost.
func TestBeat_TruncatedWALIndexCostsNoRegistration(t *testing.T) {
	if os.PathSeparator == '\\' {
		t.Skip("Windows does not let a file be truncated that is mapped")
	}
	for name, size := range map[string]int64{"to nothing": 0, "to a part of it": 4096} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "registry.db")
			registries := []*Registry{open(t, path), open(t, path), openWith(t, path, Options{Access: registry.Look})}
			in := join(t, registries[0], "g")
			for round := range int64(3) {
				beginTerm(t, registries[0], round+1, in)
				if err := os.Truncate(path+"-shm", size); err != nil {
					t.Fatal(err)
				}
				var calls sync.WaitGroup // those of one process wait for one another
				for i, r := range registries {
					calls.Go(func() {
						wantTerm(t, r, round+1)
						if i < 2 {
							if _, err := r.Beat(t.Context(), in.ID, in.Status); err != nil {
								t.Errorf("Beat: %v", err)
							}
						}
					})
				}
				calls.Wait()
			}
		})
	}
}
