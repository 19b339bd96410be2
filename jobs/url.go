package jobs

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

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
