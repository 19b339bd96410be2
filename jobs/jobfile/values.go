package jobfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/understudy-go/understudy/internal/pattern"
	"github.com/understudy-go/understudy/internal/wording"
	"github.com/understudy-go/understudy/jobs"
)

// text returns text that is not empty. If it notes a problem, it returns "".
func (v value) text() string {
	switch {
	case v.Kind != yaml.ScalarNode:
		v.fail("it is %s: want text", kind(v.Node))
	case v.Tag == "!!null":
		v.fail("it is nothing: want text")
	case v.Tag != "!!str":
		v.fail("it is %s: want text; put it into quotes", kind(v.Node))
	case v.Value == "":
		v.fail("it is empty: give it a value, or remove the key")
	default:
		return v.Value
	}
	return ""
}

func (v value) description() string { return strings.TrimSpace(v.text()) }

// list returns the values of a list that is not empty.
func (v value) list(what string) (list []value) {
	switch {
	case v.Kind != yaml.SequenceNode:
		v.fail("it is %s: want a list of %s", kind(v.Node), what)
	case len(v.Content) == 0:
		v.fail("it is an empty list: want %s, or remove the key", what)
	}
	if v.Kind == yaml.SequenceNode {
		for i, n := range v.Content {
			list = append(list, v.at(fmt.Sprintf("%s[%d]", v.path, i), n))
		}
	}
	return list
}

func (v value) schedules() (list []string) {
	if v.Kind == yaml.ScalarNode {
		v.scope.nodes[v.path+"[0]"] = v.Node
		if text := v.text(); text != "" {
			list = append(list, text)
		}
		return list
	}
	for _, e := range v.list(`schedules, such as ["30 2 * * *", "@hourly"]`) {
		if text := e.text(); text != "" {
			e.moveTo(fmt.Sprintf("%s[%d]", v.path, len(list)))
			list = append(list, text)
		}
	}
	return list
}

// moveTo gives a value of a list, and those below it, the place that it has without the
// ones before it that could not be read.
func (v value) moveTo(path string) {
	if path == v.path {
		return
	}
	for _, below := range []string{"", ".job", ".on"} {
		v.scope.nodes[path+below] = v.scope.nodes[v.path+below]
	}
}

// rfc3339 matches what time.Parse should accept; it also takes an hour of one digit.
var rfc3339 = pattern.Lazy(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}`)

func (v value) instant() time.Time {
	if v.Kind != yaml.ScalarNode || v.Tag != "!!str" && v.Tag != "!!timestamp" {
		v.fail("it is %s: want an instant such as 2027-01-01T00:00:00+01:00", kind(v.Node))
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, v.Value)
	switch {
	case err != nil || !rfc3339().MatchString(v.Value):
		v.fail("%s: want a date, a time and an offset, such as 2027-01-01T00:00:00+01:00 or 2027-01-01T00:00:00Z", wording.Quote(v.Value))
	case t.IsZero():
		v.fail("the year %d: want one from 1970 to 9999", t.Year())
	default:
		return t
	}
	return time.Time{}
}

func (v value) zone() string {
	text := v.text()
	if text == "" {
		return ""
	}
	if _, err := jobs.LoadZone(text); err != nil {
		v.fail("%v", err)
		return ""
	}
	return text
}

// span matches a duration: its days, which Go does not know, and the rest.
var span = pattern.Lazy(`^(?:([0-9]{1,5})d)?((?:[0-9]+(?:\.[0-9]+)?(?:ms|[smh]))*)$`)

// duration returns a duration, or 0 if it has noted a problem.
func (v value) duration(zero bool) time.Duration {
	const units = "with its unit (ms, s, m, h or d)"
	if v.Kind == yaml.ScalarNode && (v.Tag == "!!int" || v.Tag == "!!float") {
		v.fail("%s is a number without a unit: want a duration such as %ss", wording.Quote(v.Value), v.Value)
		return 0
	}
	text := v.text()
	if text == "" {
		return 0
	}
	d, ok := parseDuration(text)
	switch {
	case !ok && strings.HasPrefix(text, "-"), ok && d == 0 && !zero:
		v.fail("%s: want a duration that is longer than 0", wording.Quote(text))
	case !ok:
		v.fail("%s: want a duration %s, such as 90s, 1h30m or 7d", wording.Quote(text), units)
	default:
		return d
	}
	return 0
}

func parseDuration(text string) (d time.Duration, ok bool) {
	parts := span().FindStringSubmatch(text)
	if parts == nil {
		return 0, false
	}
	if parts[1] != "" {
		n, _ := strconv.Atoi(parts[1]) // at most five digits
		d = time.Duration(n) * 24 * time.Hour
	}
	if parts[2] != "" {
		rest, err := time.ParseDuration(parts[2])
		if err != nil || d+rest < d {
			return 0, false
		}
		d += rest
	}
	return d, true
}

// decimal matches a whole number that is the same in all versions of YAML.
var decimal = pattern.Lazy(`^[-+]?(?:0|[1-9][0-9]{0,8})$`)

// integer returns a whole number, or 0 if it has noted a problem.
func (v value) integer(zero bool) int {
	switch {
	case v.Kind != yaml.ScalarNode || v.Tag != "!!int":
		v.fail("it is %s: want a whole number without quotes", kind(v.Node))
		return 0
	case !decimal().MatchString(v.Value):
		v.fail("%s: want a whole number of at most nine digits that does not begin with 0", wording.Quote(v.Value))
		return 0
	}
	n, _ := strconv.Atoi(v.Value)
	if n == 0 && !zero {
		v.fail("0: want a number that is more than 0")
	}
	return n
}

func (v value) integers() (list []int) {
	for _, e := range v.list("numbers, such as [65, 78]") {
		if n := e.integer(false); n != 0 {
			e.moveTo(fmt.Sprintf("%s[%d]", v.path, len(list)))
			list = append(list, n)
		}
	}
	return list
}

// boolean returns true or false. If it has noted a problem, it returns the default.
func (v value) boolean(missing bool) bool {
	switch {
	case v.Kind == yaml.ScalarNode && v.Tag == "!!bool" && v.Value == "true":
		return true
	case v.Kind == yaml.ScalarNode && v.Tag == "!!bool" && v.Value == "false":
		return false
	case v.Kind == yaml.ScalarNode && v.Tag != "!!null":
		v.fail("%s: want true or false", wording.Quote(v.Value))
	default:
		v.fail("it is %s: want true or false", kind(v.Node))
	}
	return missing
}

// choice returns one of some words, or "" if it has noted a problem.
func choice[T ~string](v value, choices []T) T {
	text := v.text()
	if text != "" && !slices.Contains(choices, T(text)) {
		v.fail("%s: want %s", wording.Quote(text), wording.AnyOf(choices))
		return ""
	}
	return T(text)
}

func (v value) url() string {
	v.scope.doc.hide(v.Node)
	return v.text()
}
