package instance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/registry"
)

const oneJob = "jobs: {a: {command: [\"true\"]}}\n"

// newTestFile returns a jobs file that was read, and a function that changes it.
func newTestFile(t *testing.T) (f *jobsFile, write func(text string)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "jobs.yaml")
	write = func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(oneJob)
	f, file, err := readJobsFile(config.Config{Jobs: path, Timing: registry.DefaultTiming})
	if err != nil || len(file.Jobs) != 1 {
		t.Fatalf("got %v, %v", file, err)
	}
	return f, write
}

func TestJobsFile_IsTakenOnceItHasStayedTheSame(t *testing.T) {
	f, write := newTestFile(t)
	look := func(want bool, jobs int) {
		t.Helper()
		file, changed, err := f.again()
		if err != nil || changed != want || len(file.Jobs) != jobs {
			t.Errorf("got changed %t, %d jobs, %v; want %t, %d", changed, len(file.Jobs), err, want, jobs)
		}
	}
	look(false, 0)
	write("jobs: {a: {command: [\"true\"]}, b: {command: [\"true\"]}}\n")
	look(false, 0) // somebody may still write
	write("jobs: {a: {command: [\"true\"]}, b: {command: [\"true\"]}, c: {command: [\"true\"]}}\n")
	look(false, 0)
	look(true, 3)
	look(false, 0)
	write(oneJob)
	look(false, 0)
	look(true, 1)
}

func TestJobsFile_IsRefusedOnceIfItIsWrong(t *testing.T) {
	for name, spoil := range map[string]func(f *jobsFile, write func(string)){
		"wrong": func(_ *jobsFile, write func(string)) { write("jobs: {a: {}}\n") },
		"empty": func(_ *jobsFile, write func(string)) { write("") },
		"gone":  func(f *jobsFile, _ func(string)) { _ = os.Remove(f.full) },
	} {
		t.Run(name, func(t *testing.T) {
			f, write := newTestFile(t)
			spoil(f, write)
			if _, changed, err := f.again(); changed || err != nil {
				t.Errorf("it is refused at once: %v", err)
			}
			if _, changed, err := f.again(); !changed || err == nil || !strings.Contains(err.Error(), f.path) {
				t.Errorf("changed %t, %v; want a problem", changed, err)
			}
			if _, changed, err := f.again(); changed || err != nil {
				t.Errorf("it is refused again: %v", err)
			}
			write(oneJob + "# again\n")
			_, _, _ = f.again()
			if file, changed, err := f.again(); !changed || err != nil || len(file.Jobs) != 1 {
				t.Errorf("after the repair: changed %t, %v, %v", changed, file, err)
			}
		})
	}
}

// Kubernetes switches a link to a directory with new files.
func TestJobsFile_FollowsLinks(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"1": oneJob, "2": "jobs: {a: {command: [\"true\"]}, b: {command: [\"true\"]}}\n"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "jobs.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	turn := func(to string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, "new")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "data")); err != nil {
			t.Fatal(err)
		}
	}
	turn("1")
	f, _, err := readJobsFile(config.Config{Jobs: filepath.Join(dir, "data", "jobs.yaml"), Timing: registry.DefaultTiming})
	if err != nil {
		t.Fatal(err)
	}
	turn("2")
	_, _, _ = f.again()
	if file, changed, err := f.again(); !changed || err != nil || len(file.Jobs) != 2 {
		t.Errorf("got changed %t, %d jobs, %v", changed, len(file.Jobs), err)
	}
}
