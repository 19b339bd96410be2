package attempt

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/lastwill"
	"github.com/understudy-go/understudy/jobs/store"
)

func TestDescribe_SaysHowTheCommandEnded(t *testing.T) {
	for _, test := range []struct {
		end    lastwill.RunEnd
		want   store.AttemptEnd
		code   int
		remark string
	}{
		{lastwill.RunEnd{How: lastwill.Itself}, store.AttemptCompleted, 0, lateRemark},
		{lastwill.RunEnd{How: lastwill.Itself, Code: 3}, store.AttemptFailed, 3, "exit code 3; " + lateRemark},
		{lastwill.RunEnd{How: lastwill.Itself, Left: 2}, store.AttemptFailed, 1, "it left 2 processes behind, which were killed; " + lateRemark},
		{lastwill.RunEnd{How: lastwill.Itself, Code: 139, Signal: 11}, store.AttemptFailed, 139, "killed by SIGSEGV; " + lateRemark},
		{lastwill.RunEnd{How: lastwill.TimedOut, Code: 143, Signal: 15}, store.AttemptTimedOut, 143, "it had not ended after its timeout of 1m; " + lateRemark},
		{lastwill.RunEnd{How: lastwill.LeaseEnded, Code: 143, Signal: 15}, store.AttemptExited, 143, "the lease was over, so it was stopped; " + lateRemark},
		{lastwill.RunEnd{How: lastwill.Told}, store.AttemptExited, 0, "it was told to stop; " + lateRemark},
		{lastwill.RunEnd{How: lastwill.Abandoned, Code: 137, Signal: 9}, store.AttemptExited, 137, abandoned},
		{lastwill.RunEnd{How: lastwill.Abandoned}, store.AttemptExited, 0, abandoned},
		{lastwill.RunEnd{How: 99}, store.AttemptExited, 0, "it was told to stop; " + lateRemark},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, resultFile), []byte("result"), 0o600); err != nil {
			t.Fatal(err)
		}
		o := describe(testBequest(t, dir), test.end)
		if o.End != string(test.want) || o.Code != test.code || o.Remark != test.remark || string(o.Result) != "result" {
			t.Errorf("%+v: %+v with the result %q; want %s, code %d, %q", test.end, o, o.Result, test.want, test.code, test.remark)
		}
		if len(o.Remark) > store.MaxRemark {
			t.Errorf("%+v: a remark of %d bytes", test.end, len(o.Remark))
		}
	}
}

func testBequest(t *testing.T, dir string) json.RawMessage {
	t.Helper()
	data, err := json.Marshal(bequest{Folder: dir, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Whatever the command has left, or somebody has removed, the end is told.
func TestDescribe_WithoutAResult(t *testing.T) {
	for name, leave := range map[string]func(dir string) error{
		"nothing":     func(string) error { return nil },
		"no folder":   os.Remove,
		"a directory": func(dir string) error { return os.Mkdir(filepath.Join(dir, resultFile), 0o700) },
		"a link":      func(dir string) error { return os.Symlink("/etc/passwd", filepath.Join(dir, resultFile)) },
		"too much": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, resultFile), make([]byte, store.MaxResult+1), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := leave(dir); err != nil {
				t.Fatal(err)
			}
			o := describe(testBequest(t, dir), lastwill.RunEnd{How: lastwill.Itself})
			told := strings.Contains(o.Remark, "its result was left out")
			if o.End != string(store.AttemptCompleted) || len(o.Result) > 0 || told != (name != "nothing") {
				t.Errorf("%+v", o)
			}
		})
	}
	if o := describe(json.RawMessage("["), lastwill.RunEnd{How: lastwill.Itself}); o.End != string(store.AttemptExited) {
		t.Errorf("of a garbled note: %+v", o)
	}
}

func TestRun_LastWillKnowsOfTheFolderBeforeTheStart(t *testing.T) {
	g := newGroup(t)
	r := newRunner(t, g.store)
	var mu sync.Mutex
	var notes []bequest
	lastwill.KeepRunsWith(func(_ int, run *lastwill.Run) error {
		mu.Lock()
		defer mu.Unlock()
		if run != nil && run.Command != nil {
			var b bequest
			if err := json.Unmarshal(run.Command, &b); err != nil {
				return err
			}
			if _, err := os.Stat(filepath.Join(b.Folder, resultFile)); err == nil {
				b.Folder = "too late: there is a result in " + b.Folder
			}
			notes = append(notes, b)
		}
		return nil
	})
	w, err := lastwill.OpenRun(lastwill.Run{})
	if err != nil || w == nil {
		t.Fatal(w, err)
	}
	defer w.Close()
	end := r.Run(lastwill.WithRun(t.Context(), w), Job{Command: []string{"/bin/sh", "-c", "printf result >$UNDERSTUDY_RESULT_FILE; echo $UNDERSTUDY_RESULT_FILE"}, Timeout: time.Hour}, g.claim(t, nil))
	mu.Lock()
	defer mu.Unlock()
	file := strings.TrimSpace(string(end.Output.Head))
	if end.End != store.AttemptCompleted || len(notes) != 1 || notes[0] != (bequest{Folder: filepath.Dir(file), Timeout: time.Hour}) {
		t.Errorf("%+v; the last will knows of %+v, want the folder of %s", end, notes, file)
	}
}
