package jobs

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// AnyOf lists choices, as in "skip, once or all".
func AnyOf[T ~string](choices []T) string {
	var b strings.Builder
	for i, c := range choices {
		switch {
		case i > 0 && i == len(choices)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(string(c))
	}
	return b.String()
}

// checkURL returns what is wrong with a URL, without showing it.
func checkURL(text string) error {
	if text == "" {
		return nil
	}
	const want = "want an http or https URL, such as https://hooks.example.org/x"
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return errors.New("it cannot be understood as a URL: " + want)
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("it begins with neither http:// nor https://: " + want)
	case u.Host == "" || u.Hostname() == "":
		return errors.New("it names no host: " + want)
	case u.User != nil:
		return errors.New("it has a user or a password in front of the host: put a secret into its path or its query")
	case strings.Contains(text, "#"):
		return errors.New("it has a # in it: what follows would not be sent")
	case len(text) > maxURL:
		return fmt.Errorf("a URL of %d bytes: want %d or fewer", len(text), maxURL)
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }):
		return errors.New("it has a space or a character in it that cannot be seen: " + want)
	}
	return nil
}

// quote shows a value: quoted, and cut short.
func quote(text string) string {
	const limit = 100
	if len(text) > limit {
		return fmt.Sprintf("%q… (%d bytes)", strings.ToValidUTF8(text[:limit], ""), len(text))
	}
	return fmt.Sprintf("%q", text)
}

// span shows a duration as the jobs file has it: 90d, 1h30m, 10s.
func span(d time.Duration) string {
	if d != 0 && d%day == 0 && d > 3*day {
		return fmt.Sprintf("%dd", d/day)
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
