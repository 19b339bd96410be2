package logging

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/registry"
)

func TestLogger_ErrorsNameNoPackages(t *testing.T) {
	var b bytes.Buffer
	log := New(&b, "", config.LogJSON)
	log.Info().Err(fmt.Errorf("beat: %w", registry.ErrNotRegistered)).Msg("one")
	log.Info().Err(nil).Msg("two")
	if got := b.String(); !strings.Contains(got, `"error":"beat: not registered"`) || strings.Count(got, "error") != 1 {
		t.Error(got)
	}
}

func TestText_EscapesEachLine(t *testing.T) {
	err := errors.New("registry: the server says \x1b[2J\nheartbeat: \u202eagain")
	if got, want := Text(err), `the server says \x1b[2J`+"\n"+`\u202eagain`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestConsole_ShortensTheInstance(t *testing.T) {
	const id = "018f3a9b-0000-7000-8000-0000009f3c1a"
	for instance, want := range map[string]string{id: " instance=9f3c1a", "": "", "00000000-0000-0000-0000-000000000000": ""} {
		var b bytes.Buffer
		log := New(&b, "", config.LogConsole)
		log.Info().EmbedObject(Author{Instance: instance, Group: "default", Role: registry.Active, Term: 3}).Msg("works")
		if got := strings.TrimSuffix(b.String(), "\n"); !strings.HasSuffix(got, "ACTIVE  term 3         works"+want) {
			t.Errorf("%q: got %q, want %q at its end", instance, got, want)
		}
	}
}
