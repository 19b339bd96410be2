package worker

import (
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// The variables that tell a command who runs it.
const (
	EnvInstance = "UNDERSTUDY_INSTANCE"
	EnvGroup    = "UNDERSTUDY_GROUP"
	EnvTerm     = "UNDERSTUDY_TERM" // the fencing token
	EnvRun      = "UNDERSTUDY_RUN"  // random, another one at each start
)

// private are variables that are meant for Understudy and not for what it runs.
var private = []string{
	"GOGC", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
	"UNDERSTUDY_REGISTRY", "UNDERSTUDY_REGISTRY_FILE",
	"UNDERSTUDY_UNDER_INIT", // package internal/pid1
	EnvInstance, EnvGroup, EnvTerm, EnvRun,
}

// environ is the environment of a command that runs in a term, but for EnvRun.
func environ(base []string, t registry.Term, instance uuid.UUID) []string {
	return public(base,
		EnvInstance+"="+instance.String(),
		EnvGroup+"="+t.Group,
		EnvTerm+"="+strconv.FormatInt(t.Number, 10))
}

// sameName reports whether two names are of one variable.
func sameName(a, b string) bool {
	return a == b || runtime.GOOS == "windows" && strings.EqualFold(a, b)
}

// public is base without what is private, and with more, which replaces what
// base has under the same names.
func public(base []string, more ...string) []string {
	name := func(entry string) string {
		name, _, _ := strings.Cut(entry, "=")
		return name
	}
	env := slices.DeleteFunc(slices.Clone(base), func(entry string) bool {
		is := func(other string) bool { return sameName(name(entry), other) }
		return slices.ContainsFunc(private, is) ||
			slices.ContainsFunc(more, func(m string) bool { return is(name(m)) })
	})
	return append(env, more...)
}
