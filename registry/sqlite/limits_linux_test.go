package sqlite

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/finding"
)

func TestOpen_TooManyOpenFilesIsNotBlamedOnRights(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "old.db")
	join(t, open(t, old), "g")
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
			t.Fatal(err)
		}
	}()
	var texts []string
	for _, path := range []string{old, filepath.Join(dir, "new.db")} {
		for _, a := range []registry.Access{registry.Join, registry.Look} {
			_, err := Open(t.Context(), path, Options{OrphanAfter: time.Minute, Access: a})
			if err != nil {
				texts = append(texts, err.Error())
			}
		}
		for _, f := range checkOf(t, t.Context(), path) {
			if f.Mark == finding.MarkError {
				texts = append(texts, f.Detail+": "+f.Cure)
			}
		}
	}
	if len(texts) < 4 {
		t.Errorf("only this failed: %q", texts)
	}
	for _, text := range texts {
		if strings.Contains(text, "no instance has run") {
			continue // there is no file: to see that, none has to be opened
		}
		if !strings.Contains(text, "ulimit -n") || strings.Contains(text, "right") {
			t.Errorf("wrong advice: %s", text)
		}
	}
}
