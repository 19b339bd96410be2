// Package testkit is what the tests of several packages share: waiting for a
// condition, a clean environment, the output of the program, and a systemd that
// only listens.
package testkit

import (
	"flag"
	"os"
	"testing"

	"github.com/understudy-go/understudy/internal/mongotest"
)

// EnvRole names the role that a test binary plays instead of running its tests.
const EnvRole = "UNDERSTUDY_TEST_ROLE"

// Role is a program that a test starts in a process of its own, by running the test
// binary again. It gets the arguments and returns the exit code.
type Role func(args []string) int

// PlayRole ends the process with a role's exit code if the environment names one
// of the roles. TestMain calls it first.
func PlayRole(roles map[string]Role) {
	if role := roles[os.Getenv(EnvRole)]; role != nil {
		os.Exit(role(os.Args[1:]))
	}
}

// Main runs the tests of a package and returns the exit code.
//
// Ten tests run at a time unless -test.parallel says otherwise: these tests start
// processes and then wait for them, so the number of processors, which is the
// usual limit, would leave the machine idle.
func Main(m *testing.M) int {
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		_ = flag.Set("test.parallel", "10")
	}
	return mongotest.Main(m)
}
