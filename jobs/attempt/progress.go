package attempt

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"

	"github.com/understudy-go/understudy/internal/pattern"
	"github.com/understudy-go/understudy/registry"
)

// maxProgress is how much of a progress file counts, in bytes.
const maxProgress = 4 << 10

// percentage matches a percentage at the beginning of a line.
var percentage = pattern.Lazy(`^([0-9]{1,3})(?:[.,][0-9]*)?[ \t]*%?(?:[ \t]+|$)`)

// parseProgress returns what a progress file says in its first line: a percentage, a text, or
// both. A line without a percentage leaves that as it was. It is not ok if the line is empty.
func parseProgress(data []byte, before int) (percent int, text string, ok bool) {
	line, _, _ := bytes.Cut(bytes.TrimSpace(data), []byte("\n"))
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(line), "\ufffd")))
	if text == "" {
		return before, "", false
	}
	percent = before
	if found := percentage().FindStringSubmatch(text); found != nil {
		if n, err := strconv.Atoi(found[1]); err == nil && n <= 100 {
			percent, text = n, text[len(found[0]):]
		}
	}
	return percent, registry.Clip(text), true
}
