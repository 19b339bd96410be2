// Package part finds the real parts that the checks need, and builds the
// program that they are about.
package part

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// RequireVar makes a missing part a failure, where it is 1.
const RequireVar = "UNDERSTUDY_TEST_REQUIRE_PARTS"

var lacking struct {
	sync.Mutex
	tests   int
	reasons []string
}

// scratch is the directory for the built program, made when it is needed.
var scratch string

// Main runs the tests of a package, removes what [Binary] built, and ends the
// output with what the tests could not check for want of a part. It returns
// the exit code, for a package's TestMain.
func Main(m *testing.M) int {
	code := m.Run()
	if scratch != "" {
		_ = os.RemoveAll(scratch)
	}
	lacking.Lock()
	defer lacking.Unlock()
	if lacking.tests > 0 {
		notice(fmt.Sprintf("part: tests that went without: %d: %s", lacking.tests, strings.Join(lacking.reasons, "; ")))
	}
	return code
}

// notice tells the person who runs the tests. Of a package that passes,
// go test shows nothing, so it goes to the terminal too, if there is one.
func notice(line string) {
	fmt.Fprintln(os.Stderr, line)
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		return
	}
	if tty, err := os.OpenFile("/dev/tty", os.O_WRONLY, 0); err == nil {
		fmt.Fprintln(tty, line)
		_ = tty.Close()
	}
}

// Need returns the path of a program that is looked for under its name. Where
// there is none, the test is skipped, or fails if [RequireVar] is 1; whence says
// what to install.
func Need(tb testing.TB, name, whence string) (path string) {
	tb.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	reason := fmt.Sprintf("no %s on PATH (%s)", name, whence)
	lacking.Lock()
	lacking.tests++
	if !slices.Contains(lacking.reasons, reason) {
		lacking.reasons = append(lacking.reasons, reason)
	}
	lacking.Unlock()
	if os.Getenv(RequireVar) == "1" {
		tb.Fatalf("%s, and %s=1", reason, RequireVar)
	}
	tb.Skip(reason)
	return ""
}

var build = sync.OnceValues(func() (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	if scratch, err = os.MkdirTemp("", "understudy-checks-"); err != nil {
		return "", err
	}
	if err := os.Chmod(scratch, 0o755); err != nil {
		return "", err
	}
	path := filepath.Join(scratch, "understudy")
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", path, ".")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build in %s: %w\n%s", root, err, out)
	}
	return path, nil
})

// Binary returns the path of the program, built once per test process from the
// tree that this module lies in. The package's TestMain must call [Main].
func Binary(tb testing.TB) (path string) {
	tb.Helper()
	path, err := build()
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

// Root returns the directory of the program's own module, above this one.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(mod), "module github.com/understudy-go/understudy\n") {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no module understudy above %s", dir)
		}
	}
}

// File reads a file of the program's own module, named from its directory.
func File(tb testing.TB, name string) []byte {
	tb.Helper()
	root, err := Root()
	if err != nil {
		tb.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// Commands returns the lines of the blocks of shell commands in a document,
// without their comments.
func Commands(tb testing.TB, name string) (lines []string) {
	tb.Helper()
	for _, block := range regexp.MustCompile("(?ms)^ *```sh\n(.*?)^ *```$").FindAllSubmatch(File(tb, name), -1) {
		for line := range strings.Lines(string(block[1])) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), " # ")
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	if len(lines) == 0 {
		tb.Fatalf("%s has no commands: has its form changed?", name)
	}
	return lines
}
