// Package testkit is what the tests of several packages share: waiting for a
// condition, a clean environment, the output of the program, a systemd that only
// listens, and lines for the person who runs the tests.
package testkit

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"
)

// EnvRole names the role in which a test binary runs, instead of running its tests.
const EnvRole = "UNDERSTUDY_TEST_ROLE"

// Role is a program that a test starts in a process of its own, by running the test
// binary again. It gets the arguments and returns the exit code.
type Role func(args []string) int

// RunRole ends the process with the exit code of a role, if the environment names
// one of the roles. TestMain calls it first.
func RunRole(roles map[string]Role) {
	if role := roles[os.Getenv(EnvRole)]; role != nil {
		os.Exit(role(os.Args[1:]))
	}
}

// RoleOf returns the role of a function that works with one file, which the first
// argument names. Its error is printed.
func RoleOf(f func(path string) error) Role {
	return func(args []string) int {
		if err := f(args[0]); err != nil {
			fmt.Println(err)
			return 1
		}
		return 0
	}
}

// Self returns a command that runs the test binary again, in a role, and is killed when
// the test ends.
func Self(t testing.TB, role string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), EnvRole+"="+role, "GORACE=atexit_sleep_ms=0") // otherwise each of them takes a second more
	return cmd
}

// Run runs the tests of a package whose tests wait for processes and servers, and
// returns the exit code.
//
// Ten parallel tests run at a time, unless [Parallel] was called before.
//
// After ten seconds, and then every twenty, a line on the terminal says that the
// tests still run, because go test itself shows nothing before a package has ended.
func Run(m *testing.M) int {
	Parallel(10)
	if !testing.Verbose() {
		defer Progress("the tests of "+testedPackage()+" are still running", 10*time.Second, 20*time.Second, toTerminal)()
	}
	return m.Run()
}

// Parallel lets n parallel tests run at a time, unless the flag -test.parallel or an
// earlier call has set another number. The usual number is that of the processors,
// which are idle while tests wait for processes and servers.
func Parallel(n int) {
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		_ = flag.Set("test.parallel", strconv.Itoa(n))
	}
}

// testedPackage returns the path of the package under test without the module's.
func testedPackage() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "a package"
	}
	path := strings.TrimSuffix(info.Path, ".test")
	return strings.TrimPrefix(path, info.Main.Path+"/")
}
