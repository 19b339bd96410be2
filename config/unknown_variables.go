package config

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/understudy-go/understudy/internal/editdistance"
	"github.com/understudy-go/understudy/internal/pattern"
)

// serviceLink matches what Kubernetes sets for a service that is called understudy, or
// understudy-something.
var serviceLink = pattern.Lazy(`(?s)^UNDERSTUDY_(?:[A-Z0-9_]+_)?(?:` +
	`SERVICE_HOST=.*|SERVICE_PORT(?:_[A-Z0-9_]+)?=[0-9]+|` +
	`PORT=(?:tcp|udp|sctp)://.*|PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_ADDR|_PORT|_PROTO)?=.*)$`)

// unknown checks the names of all variables of the environment. It notes a mistake for
// each name that is nearly that of a known variable, and returns a warning for each
// other unknown one. It shows no values.
func unknown(m *mistakes, environ []string) (warnings []string) {
	environ = slices.Clone(environ)
	slices.Sort(environ)
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if runtime.GOOS == "windows" {
			name = strings.ToUpper(name)
		}
		switch {
		case !strings.HasPrefix(name, EnvPrefix), value == "", known(name), exported(name, environ),
			strings.HasPrefix(name, EnvTestPrefix), serviceLink().MatchString(name + "=" + value):
			continue
		}
		if meant := closest(name); meant != "" {
			m.note("%s: unknown variable: did you mean %s?", showName(name), meant)
		} else {
			warnings = append(warnings, fmt.Sprintf("%s: unknown variable, ignored", showName(name)))
		}
	}
	return warnings
}

// exported reports whether this program may have set a variable, for an instance that runs
// as the work of another one. The name of a job comes with the ID of its run, and otherwise
// somebody meant EnvJobs.
func exported(name string, environ []string) bool {
	if name == EnvJob {
		return slices.ContainsFunc(environ, func(entry string) bool { return strings.HasPrefix(entry, EnvRunID+"=") })
	}
	return slices.Contains(exports, name)
}

func known(name string) bool {
	return slices.ContainsFunc(Variables, func(v Variable) bool { return v.Name == name })
}

// closest returns the known variable within two edits of a name, or "".
func closest(name string) string {
	var names []string
	for _, v := range Variables {
		names = append(names, v.Name)
	}
	return editdistance.Closest(strings.ToUpper(name), names)
}

// plainName matches a name that can be shown as it is.
var plainName = pattern.Lazy(`^[A-Za-z0-9_]{1,100}$`)

func showName(name string) string {
	if plainName().MatchString(name) {
		return name
	}
	return show(name)
}
