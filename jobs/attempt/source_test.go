package attempt

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// A file system counts time in steps: what is written right after a read may not show in the
// time of the file, nor in its size.
func TestSource_FindsAChangeThatDoesNotShow(t *testing.T) {
	t.Parallel()
	f, err := newFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.remove(zerolog.Nop())
	s := source{name: "file", most: 10}
	path, future := filepath.Join(f.path, "file"), time.Now().Add(time.Hour)
	write := func(text string, at time.Time) {
		t.Helper()
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err == nil {
			_, err = file.WriteString(text)
			_ = file.Close()
		}
		if err == nil {
			err = os.Chtimes(path, at, at)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	want := func(text string, changed bool) {
		t.Helper()
		data, got, err := s.read(f)
		if err != nil || got != changed || changed && string(data) != text {
			t.Errorf("%q, changed %v, %v; want %q, %v", data, got, err, text, changed)
		}
	}
	want("", false)
	write("one", future)
	want("one", true)
	want("one", false)
	write("two", future)
	want("two", true)
	s.forget()
	want("two", true)
	write("two", future.Add(-2*time.Hour))
	want("two", false)
	want("two", false)
	write("three", future.Add(-2*time.Hour))
	want("three", true)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	want("", false)
}
