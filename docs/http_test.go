package docs

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/jobs/api"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
)

// TestJobs_CurlExamplesSucceed runs the curl commands of docs/jobs.md, with the address of
// a server of the test, on a registry that has the job of the document's jobs file.
func TestJobs_CurlExamplesSucceed(t *testing.T) {
	for _, program := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("this machine has no %s: %v", program, err)
		}
	}
	_, section, _ := strings.Cut(read(t, "docs/jobs.md"), "\n## HTTP\n")
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(section, -1)
	if len(blocks) < 2 {
		t.Fatalf("docs/jobs.md has %d blocks of commands about HTTP: has its form changed?", len(blocks))
	}
	prepare, _, _ := strings.Cut(blocks[0][1], "\n")
	commands := strings.Split(strings.TrimSpace(blocks[1][1]), "\n")
	dir := t.TempDir()
	shell := func(line string) (string, error) {
		cmd := exec.Command("sh", "-c", line)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if _, err := exec.LookPath("openssl"); err != nil {
		prepare = strings.Replace(prepare, "openssl rand -hex 32", "echo 0123456789abcdef0123456789abcdef", 1)
	}
	if out, err := shell(prepare); err != nil {
		t.Fatalf("%s: %v\n%s", prepare, err, out)
	}
	tokens, err := api.OpenTokenFile(filepath.Join(dir, "token"), zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	s, holder := withJob(t, filepath.Join(dir, "registry.db"), "report")
	server := httptest.NewServer(api.New(api.Config{Group: "default", Store: func() store.Asking { return s }, Tokens: tokens, Log: zerolog.Nop()}))
	defer server.Close()
	if len(commands) < 10 {
		t.Errorf("only %d commands: has their form changed?", len(commands))
	}
	for _, command := range commands {
		if !strings.HasPrefix(command, "curl ") || !strings.Contains(command, "http://127.0.0.1:8080/") {
			t.Errorf("%s: want a curl of http://127.0.0.1:8080", command)
			continue
		}
		line := strings.ReplaceAll(strings.Replace(command, "curl ", "curl -sS -w ' %{http_code}' ", 1), "http://127.0.0.1:8080", server.URL)
		settle(t, s, holder)
		out, err := "", error(nil)
		for range 10 { // a registry whose disk stalls may take longer than a request does
			if out, err = shell(line); !strings.HasSuffix(out, " 503") {
				break
			}
		}
		if err != nil || !strings.HasSuffix(out, " 200") && !strings.HasSuffix(out, " 202") {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "header")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file header: %v, %v; want one of mode 0600", info, err)
	}
}

// withJob returns the jobs of a new registry, in which an active instance had a job.
func withJob(t *testing.T, path, name string) (store.Store, store.Holder) {
	t.Helper()
	r, err := sqlite.Open(t.Context(), path, sqlite.Options{OrphanAfter: 4 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	h := store.Holder{Group: "default", Term: 1, Instance: uuid.Must(uuid.NewV7())}
	if err := r.BeginTerm(t.Context(), registry.Term{Group: h.Group, Number: 1, Holder: h.Instance, Host: "host"}); err != nil {
		t.Fatal(err)
	}
	if err := r.Jobs().SaveJobs(t.Context(), h, []store.Job{{Group: h.Group, Name: name, Revision: 1}}); err != nil {
		t.Fatal(err)
	}
	return r.Jobs(), h
}

// settle does what the active instance does after runs have ended.
func settle(t *testing.T, s store.Store, h store.Holder) {
	t.Helper()
	runs, err := s.Open(t.Context(), h, nil, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		was := r.Version()
		r.Open = false
		if _, err := s.Update(t.Context(), h, was, r); err != nil {
			t.Fatal(err)
		}
	}
}
