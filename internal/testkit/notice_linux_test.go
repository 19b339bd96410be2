package testkit

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestMain(m *testing.M) {
	RunRole(map[string]Role{"notice": func(args []string) int {
		Notice(args[0])
		return 0
	}})
	os.Exit(m.Run())
}

// noticed runs a process that shows a notice, with its stderr in a buffer as go test
// has it. It returns what came on stderr and what the terminal showed.
func noticed(t *testing.T, background bool) (stderr, terminal string) {
	t.Helper()
	person, screen := Pty(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	script := `"$0" notice`
	if background { // with -m the shell gives it a process group of its own, and speaks of it
		script = `exec 3>&2 2>/dev/null; set -m; "$0" notice 2>&3 & wait`
	}
	c := exec.CommandContext(t.Context(), "/bin/bash", "-c", script+"; echo end >/dev/tty", self)
	c.Env = append(os.Environ(), EnvRole+"=notice")
	var said bytes.Buffer
	c.Stdin, c.Stderr = screen, &said
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.Run(); err != nil {
		t.Fatalf("%v: %s", err, said.String())
	}
	var shown strings.Builder
	for in := bufio.NewScanner(person); in.Scan() && in.Text() != "end"; {
		fmt.Fprintln(&shown, in.Text())
	}
	return said.String(), shown.String()
}

func TestNotice_ReachesStderrAndTheTerminal(t *testing.T) {
	if stderr, terminal := noticed(t, false); stderr != "notice\n" || terminal != "notice\n" {
		t.Errorf("stderr has %q, the terminal %q, want the notice on both", stderr, terminal)
	}
}

func TestNotice_OfABackgroundProcessSparesTheTerminal(t *testing.T) {
	if stderr, terminal := noticed(t, true); stderr != "notice\n" || terminal != "" {
		t.Errorf("stderr has %q, the terminal %q, want the notice on stderr alone", stderr, terminal)
	}
}

func TestProgress_ShowsOnlyWhatTakesLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines LogBuffer
		show := func(line string) { fmt.Fprintln(&lines, line) }
		done := Progress("quick", time.Second, time.Minute, show)
		time.Sleep(time.Second - 1)
		done()
		done = Progress("slow", time.Second, time.Minute, show)
		time.Sleep(2 * time.Minute)
		done()
		time.Sleep(time.Hour)
		if want := "slow: 1s so far\nslow: 1m1s so far\n"; lines.String() != want {
			t.Errorf("shown:\n%swant:\n%s", lines.String(), want)
		}
	})
}

func TestTestedPackage(t *testing.T) {
	if got := testedPackage(); got != "internal/testkit" {
		t.Errorf("got %q", got)
	}
}
