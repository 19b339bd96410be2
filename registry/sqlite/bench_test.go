package sqlite

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

func BenchmarkBeat(b *testing.B) {
	r := open(b, filepath.Join(b.TempDir(), "registry.db"))
	in := join(b, r, "g")
	for b.Loop() {
		if _, err := r.Beat(b.Context(), in.ID, in.Status); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkView(b *testing.B) {
	r := open(b, filepath.Join(b.TempDir(), "registry.db"))
	in := join(b, r, "g")
	if err := r.BeginTerm(b.Context(), registry.Term{Group: "g", Number: 1, Holder: in.ID}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := r.View(b.Context(), "g"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTakeover measures the registry's part of a graceful takeover: a term ends,
// another registry notices it, views the group, and begins the next term.
func BenchmarkTakeover(b *testing.B) {
	path := filepath.Join(b.TempDir(), "registry.db")
	handles := []*Registry{open(b, path), open(b, path)}
	var notices []<-chan registry.Notice
	for _, r := range handles {
		ch, err := r.Watch(b.Context(), "g")
		if err != nil {
			b.Fatal(err)
		}
		notices = append(notices, ch)
	}
	ctx := context.Background()
	holder := uuid.Must(uuid.NewV7())
	number := int64(1)
	if err := handles[0].BeginTerm(ctx, registry.Term{Group: "g", Number: number, Holder: holder}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := handles[0].EndTerm(ctx, "g", number, holder, registry.End{Reason: registry.Stopped}); err != nil {
			b.Fatal(err)
		}
		for {
			<-notices[1]
			v, err := handles[1].View(ctx, "g")
			if err != nil {
				b.Fatal(err)
			}
			if v.Latest.Number == number && !v.Latest.Open() {
				break
			}
		}
		number++
		if err := handles[1].BeginTerm(ctx, registry.Term{Group: "g", Number: number, Holder: holder}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen opens and closes a file that another registry has open.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "registry.db")
	open(b, path)
	for b.Loop() {
		r, err := Open(b.Context(), path, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := r.Close(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
