package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// ParseStatus returns the state that people name. A hyphen or an underscore may stand for
// the space in "timed out".
func ParseStatus(text string) (store.State, error) {
	state := store.State(strings.ToLower(strings.NewReplacer("-", " ", "_", " ").Replace(text)))
	if slices.Contains(store.States, state) {
		return state, nil
	}
	words := make([]string, len(store.States))
	for i, s := range store.States {
		words[i] = strings.ReplaceAll(string(s), " ", "-")
	}
	return "", fmt.Errorf("status %.100q: want one of %s", text, strings.Join(words, ", "))
}

// Cursor returns what names the place after a run in the list of runs: the value of
// [Runs.Before].
func Cursor(r store.Run) string {
	return r.At.UTC().Format(time.RFC3339Nano) + "/" + r.Key.String()
}

// ParseCursor returns what [store.Filter.Before] has to be.
func ParseCursor(group, text string) (store.Run, error) {
	when, name, _ := strings.Cut(text, "/")
	at, err := time.Parse(time.RFC3339Nano, when)
	key, bad := store.ParseKey(group, name)
	if err != nil || bad != nil || store.Instant(at).IsZero() {
		return store.Run{}, fmt.Errorf("before %.100q: want the value of before that the page before has", text)
	}
	return store.Run{Key: key, At: store.Instant(at)}, nil
}

// unread words the errors of records that are left out, in one line.
func unread(err error) string {
	if err == nil {
		return ""
	}
	text := strings.NewReplacer("registry: ", "", "jobs: ", "", "\n", "; ").Replace(err.Error())
	if len(text) > maxUnread {
		text = strings.ToValidUTF8(text[:maxUnread], "") + "…"
	}
	return text
}

const maxUnread = 1000 // bytes
