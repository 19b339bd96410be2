package worker

import (
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/registry"
)

// private are the variables that are meant for Understudy and not for the programs
// that it runs, and those that Understudy sets itself.
var private = []string{
	"GOGC", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
	config.EnvRegistry, config.EnvRegistryFile, config.EnvAPITokenFile, config.EnvWebhookSecretFile,
	config.EnvUnderInit,
	config.EnvInstance, config.EnvGroup, config.EnvTerm, config.EnvRun,
	config.EnvJob, config.EnvRunID, config.EnvAttempt, config.EnvSlot, config.EnvTrigger,
	config.EnvPayloadFile, config.EnvProgressFile, config.EnvResultFile, config.EnvCheckpointFile,
}

// environ returns the environment of a command that runs in a term, without the
// variable config.EnvRun.
func environ(base []string, t registry.Term, instance uuid.UUID) []string {
	return public(base,
		config.EnvInstance+"="+instance.String(),
		config.EnvGroup+"="+t.Group,
		config.EnvTerm+"="+strconv.FormatInt(t.Number, 10))
}

// sameName reports whether two names are of the same variable.
func sameName(a, b string) bool {
	return a == b || runtime.GOOS == "windows" && strings.EqualFold(a, b)
}

// public returns base without the private variables and with the entries in more,
// which replace those with the same names.
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
