package worker

import (
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
	"GOGC", "NOTIFY_SOCKET",
	"UNDERSTUDY_REGISTRY", "UNDERSTUDY_REGISTRY_FILE",
	"UNDERSTUDY_UNDER_INIT", // package internal/pid1
	EnvInstance, EnvGroup, EnvTerm, EnvRun,
}

// environ is the environment of a command that runs in a term, but for EnvRun.
func environ(base []string, t registry.Term, instance uuid.UUID) []string {
	env := slices.DeleteFunc(slices.Clone(base), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains(private, name)
	})
	return append(env,
		EnvInstance+"="+instance.String(),
		EnvGroup+"="+t.Group,
		EnvTerm+"="+strconv.FormatInt(t.Number, 10))
}
