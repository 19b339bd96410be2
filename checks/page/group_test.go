package page

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/checks/part"
)

// instance is a process of the built program.
type instance struct {
	t    *testing.T
	host string
	cmd  *exec.Cmd
	log  string // path
	addr string // that it serves
}

// join starts an instance, and waits until it is ready.
func join(t *testing.T, registry, host string) *instance {
	t.Helper()
	in := &instance{t: t, host: host, cmd: exec.Command(part.Binary(t)), log: filepath.Join(t.TempDir(), "log")}
	log, err := os.Create(in.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	in.cmd.Env = append(environ(), "UNDERSTUDY_REGISTRY=sqlite:"+registry, "UNDERSTUDY_GROUP=orders", "UNDERSTUDY_HOST="+host,
		"UNDERSTUDY_HEARTBEAT_INTERVAL=150ms", "UNDERSTUDY_ORPHAN_AFTER=5s", "UNDERSTUDY_STOP_GRACE=1s",
		"UNDERSTUDY_HTTP_ADDR=127.0.0.1:0", "UNDERSTUDY_LOG_FORMAT=json")
	in.cmd.Stderr = log
	if err := in.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.end(syscall.SIGTERM)
		if t.Failed() {
			t.Logf("the log of %s:\n%s", host, in.read())
		}
	})
	serving := regexp.MustCompile(`serving http://([0-9.:]+)`)
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if found := serving.FindStringSubmatch(in.read()); found != nil {
			in.addr = found[1]
		}
		if in.addr != "" && in.health("--ready") == nil {
			return in
		}
		if time.Now().After(end) {
			t.Fatalf("%s is not ready after %v", host, patience)
		}
	}
}

func environ() []string {
	return slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "UNDERSTUDY_") })
}

func (in *instance) read() string {
	data, err := os.ReadFile(in.log)
	if err != nil {
		in.t.Error(err)
	}
	return string(data)
}

// health runs understudy health.
func (in *instance) health(args ...string) error {
	cmd := exec.Command(part.Binary(in.t), append([]string{"health"}, args...)...)
	cmd.Env = append(environ(), "UNDERSTUDY_HTTP_ADDR="+in.addr)
	return cmd.Run()
}

// end ends an instance that runs, and waits for it.
func (in *instance) end(s syscall.Signal) {
	if in.cmd.ProcessState != nil {
		return
	}
	_ = in.cmd.Process.Signal(s)
	killed := time.AfterFunc(patience, func() { _ = in.cmd.Process.Kill() })
	defer killed.Stop()
	_ = in.cmd.Wait()
}

func TestTakeoversOfRealInstancesAppearByThemselves(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	registry := filepath.Join(t.TempDir(), "registry.db")
	a, b, c := join(t, registry, "ams-1"), join(t, registry, "fra-2"), join(t, registry, "lon-3")
	p := newTab(t, "http://"+c.addr+"/")
	active := func(host string) func() bool {
		return func() bool { return slices.Equal(p.shown("#instances tr.active td.name"), []string{host}) }
	}
	p.awaitHealth("1 active, 2 passive")
	p.until("the first to be shown as active", active("ams-1"))
	if n := len(p.shown("#instances tbody tr")); n != 3 {
		t.Errorf("%d instances", n)
	}
	if err := a.health("--active"); err != nil {
		t.Errorf("health of the active one: %v", err)
	}
	if err := b.health("--active"); err == nil {
		t.Error("a passive one is healthy as the active one")
	}

	a.end(syscall.SIGTERM)
	p.until("the second to take over", active("fra-2"))
	p.awaitHealth("1 active, 1 passive")
	if err := a.health(); err == nil {
		t.Error("one that left is healthy")
	}

	b.end(syscall.SIGKILL)
	p.awaitHealth("no beat from fra-2")
	p.until("the third to take over", active("lon-3"))
	p.awaitHealth("1 active, 0 passive")
	var ends []string
	for _, cells := range eval[[][]string](p, "[...document.querySelectorAll('#terms tbody tr')].map(r => [0, 1, 5].map(i => r.cells[i].textContent))") {
		ends = append(ends, strings.Join(cells, " "))
	}
	if diff := cmp.Diff([]string{"3 lon-3 goes on", "2 fra-2 orphaned", "1 ams-1 stopped"}, ends); diff != "" {
		t.Error(diff)
	}
	if got := eval[string](p, "document.title"); !strings.HasPrefix(got, "● orders: 1 active, 0 passive") {
		t.Errorf("title %q", got)
	}
}
