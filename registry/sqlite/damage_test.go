package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/registry"
)

// Damage is ErrCorrupt wherever it is found, or does no harm. It is never a panic.
func TestRegistry_DamageIsErrCorruptOrHarmless(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	r := open(t, path)
	in := join(t, r, "g")
	for n := int64(1); n <= 100; n++ {
		if err := r.BeginTerm(t.Context(), registry.Term{Group: "g", Number: n, Holder: in.ID, Host: "host"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for at := 16; at < len(good); at += 397 {
		bad := []byte(string(good))
		for i := at; i < min(at+40, len(bad)); i++ {
			bad[i] ^= 0x5a
		}
		path := filepath.Join(t.TempDir(), fmt.Sprint(at))
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		check := func(what string, err error) {
			if err == nil {
				return
			}
			found++
			if !errors.Is(err, registry.ErrCorrupt) {
				t.Errorf("damage at %d: %s: %v, want ErrCorrupt", at, what, err)
			}
		}
		r, err := Open(t.Context(), path, Options{})
		if check("Open", err); err != nil {
			continue
		}
		_, viewErr := r.View(t.Context(), "g")
		_, termsErr := r.Terms(t.Context(), "g", 1000)
		_, beatErr := r.Beat(t.Context(), in.ID, in.Status)
		check("View", viewErr)
		check("Terms", termsErr)
		check("Beat", beatErr)
		_ = r.Close(t.Context())
	}
	if found == 0 {
		t.Error("no damage was ever noticed")
	}
}

func TestRegistry_FullDiskLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	r := open(t, path)
	in := join(t, r, "g")
	if err := r.BeginTerm(t.Context(), registry.Term{Group: "g", Number: 1, Holder: in.ID}); err != nil {
		t.Fatal(err)
	}
	limit := func(pages int) {
		t.Helper()
		_, err := writing(t.Context(), r, ofInstances, func(c *conn) (none struct{}, err error) { // of its connection
			return none, c.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limit(1)
	var err error
	var number int64 = 1
	for err == nil {
		number++
		err = r.BeginTerm(t.Context(), registry.Term{Group: "g", Number: number, Holder: in.ID, Host: strings.Repeat("x", 1000)})
	}
	if !strings.Contains(err.Error(), "no room left") || !strings.Contains(err.Error(), path) {
		t.Errorf("got %q, want that it names the path and says no room left", err)
	}
	if v, err := r.View(t.Context(), "g"); err != nil || v.Latest.Number != number-1 || v.Holder == nil {
		t.Errorf("View: %+v, %v; want term %d and its holder", v, err, number-1)
	}
	if _, err := r.Beat(t.Context(), in.ID, in.Status); err != nil {
		t.Errorf("Beat needs no room: %v", err)
	}
	limit(1 << 30)
	if err := r.BeginTerm(t.Context(), registry.Term{Group: "g", Number: number, Holder: in.ID}); err != nil {
		t.Errorf("with room again: %v", err)
	}
}
