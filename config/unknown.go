package config

import (
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// exports are what this program sets itself and does not read here: for the
// work, which may be another instance, for what runs at a change of role, and
// for the process below its own init.
var exports = []string{
	EnvInstance, EnvTerm, EnvRun,
	EnvOldRole, EnvNewRole, EnvReason, EnvUnderInit,
}

// serviceLink is what Kubernetes sets for a service that is called understudy,
// or understudy-something.
var serviceLink = regexp.MustCompile(`(?s)^UNDERSTUDY_(?:[A-Z0-9_]+_)?(?:` +
	`SERVICE_HOST=.*|SERVICE_PORT(?:_[A-Z0-9_]+)?=[0-9]+|` +
	`PORT=(?:tcp|udp|sctp)://.*|PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_ADDR|_PORT|_PROTO)?=.*)$`)

// unknown notes the variables that are almost known, and returns a warning for
// each that is not known at all. It shows no values.
func unknown(m *mistakes, environ []string) (warnings []string) {
	environ = slices.Clone(environ)
	slices.Sort(environ)
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if runtime.GOOS == "windows" {
			name = strings.ToUpper(name)
		}
		switch {
		case !strings.HasPrefix(name, EnvPrefix), value == "", known(name), slices.Contains(exports, name),
			strings.HasPrefix(name, EnvTestPrefix), serviceLink.MatchString(name + "=" + value):
			continue
		}
		if meant := closest(name); meant != "" {
			m.say("%s: unknown variable: did you mean %s?", showName(name), meant)
		} else {
			warnings = append(warnings, fmt.Sprintf("%s: unknown variable, ignored", showName(name)))
		}
	}
	return warnings
}

func known(name string) bool {
	return slices.ContainsFunc(Variables, func(v Variable) bool { return v.Name == name })
}

// closest returns the known variable within two edits of name, or "".
func closest(name string) string {
	meant, least := "", 3
	for _, v := range Variables {
		if len(v.Name)-len(name) > 2 || len(name)-len(v.Name) > 2 {
			continue
		}
		if d := edits(strings.ToUpper(name), v.Name); d < least {
			meant, least = v.Name, d
		}
	}
	return meant
}

// edits counts the insertions, deletions, replacements and swaps of neighbours
// that make b of a, none of them inside another's swap.
func edits(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replace := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			d := min(replace, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_]{1,100}$`)

func showName(name string) string {
	if plainName.MatchString(name) {
		return name
	}
	return show(name)
}
