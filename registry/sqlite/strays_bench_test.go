package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// BenchmarkStrays measures the hints for a group with 80,000 dead instances of a high
// priority and one live instance.
func BenchmarkStrays(b *testing.B) {
	r := open(b, filepath.Join(b.TempDir(), "registry.db"))
	const strays = 80_000
	if _, err := writing(b.Context(), r, ofInstances, func(c *conn) (n int64, err error) {
		for range strays {
			_, err = c.Change(`INSERT INTO instances (`+instanceColumns+`) VALUES (?, 'g', 'host', 1, 'v', 1, 7, 1, 'passive', 0, 1, 1000000, 60000000, 9, 'c', 1)`,
				uuid.Must(uuid.NewV7()).String())
			if err != nil {
				return 0, err
			}
		}
		return 0, nil
	}); err != nil {
		b.Fatal(err)
	}
	in := join(b, r, "g")
	at := time.Now()
	b.Run("Candidate", func(b *testing.B) {
		for b.Loop() {
			if got, err := r.Candidate(b.Context(), "g", at, time.Hour); err != nil || got.ID != in.ID {
				b.Fatal(got, err)
			}
		}
	})
	b.Run("Claimant", func(b *testing.B) {
		for b.Loop() {
			if _, err := r.Claimant(b.Context(), "g", 0); err == nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Silent", func(b *testing.B) {
		for b.Loop() {
			if list, err := r.Silent(b.Context(), "g", at, time.Hour); err != nil || len(list) != registry.MaxSilent {
				b.Fatal(len(list), err)
			}
		}
	})
}
