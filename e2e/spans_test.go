//go:build linux

package e2e

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// span is the time during which the work of one instance in one term was alive: from
// the first to the last instant that any of its processes wrote down.
type span struct {
	term        int64
	instance    string
	first, last time.Duration
	processes   int
}

func (s span) String() string {
	return fmt.Sprintf("term %d of %s: %v to %v, %d processes", s.term, s.instance, s.first, s.last, s.processes)
}

// readSpans returns the spans that the work of all terms left in a directory, in
// order of their first instants.
func readSpans(dir string) (list []span, err error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	type key struct {
		term     int64
		instance string
	}
	spans := map[key]*span{}
	for _, f := range files {
		parts := strings.Split(f.Name(), ".")
		term, err := strconv.ParseInt(parts[0], 10, 64)
		if err != nil || len(parts) != 3 {
			return nil, fmt.Errorf("%s: not TERM.INSTANCE.PID", f.Name())
		}
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return nil, err
		}
		end := bytes.LastIndexByte(data, '\n') // a line without an end was cut off by a SIGKILL
		if end < 0 {
			continue
		}
		lines := bytes.Split(data[:end], []byte("\n"))
		first, err1 := strconv.ParseInt(string(lines[0]), 10, 64)
		last, err2 := strconv.ParseInt(string(lines[len(lines)-1]), 10, 64)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		k := key{term, parts[1]}
		s := spans[k]
		if s == nil {
			s = &span{term: term, instance: parts[1], first: time.Duration(first)}
			spans[k] = s
		}
		s.first, s.last = min(s.first, time.Duration(first)), max(s.last, time.Duration(last))
		s.processes++
	}
	for _, s := range spans {
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	return list, nil
}

// checkSpans returns an error for each promise that spans break: no two overlap, the
// terms increase, and each term has one instance. The spans are in order of their
// first instants.
func checkSpans(list []span) error {
	var errs []error
	for i := 1; i < len(list); i++ {
		before, s := list[i-1], list[i]
		if s.term <= before.term {
			errs = append(errs, fmt.Errorf("terms do not increase:\n  %v\n  %v", before, s))
		}
		for _, earlier := range list[:i] {
			if earlier.last >= s.first {
				errs = append(errs, fmt.Errorf("two work at a time, for %v:\n  %v\n  %v", earlier.last-s.first, earlier, s))
			}
			if earlier.term == s.term {
				errs = append(errs, fmt.Errorf("one term, two instances:\n  %v\n  %v", earlier, s))
			}
		}
	}
	return errors.Join(errs...)
}

func TestCheckSpans_FindsWhatBreaksAPromise(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"in order", map[string]string{"1.a.1": "10\n20\n", "1.a.2": "12\n25\n", "2.b.3": "26\n30\n"}, ""},
		{"overlap", map[string]string{"1.a.1": "10\n20\n", "2.b.3": "20\n30\n"}, "two work at a time"},
		{"an escaped process overlaps", map[string]string{"1.a.1": "10\n20\n", "1.a.2": "12\n31\n", "2.b.3": "30\n40\n"}, "two work at a time"},
		{"overlap with the one before the last", map[string]string{"1.a.1": "10\n99\n", "2.b.2": "100\n110\n", "1.a.3": "12\n120\n", "3.c.4": "111\n130\n"}, "two work at a time"},
		{"terms go back", map[string]string{"2.a.1": "10\n20\n", "1.b.3": "21\n30\n"}, "do not increase"},
		{"two instances in a term", map[string]string{"1.a.1": "10\n20\n", "1.b.3": "21\n30\n"}, "two instances"},
		{"cut off", map[string]string{"1.a.1": "10\n20\n3", "2.b.3": "21\n30\n", "2.b.4": "2"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, content := range tt.files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			list, err := readSpans(dir)
			if err != nil {
				t.Fatal(err)
			}
			err = checkSpans(list)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
