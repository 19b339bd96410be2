package cli

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/registry"
)

func TestErrorsAreShownNotObeyed(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{errors.New("the server says \x1b[2J\u202e\u009b31m"), `understudy: the server says \x1b[2J\u202e\x9b31m` + "\n"},
		{fmt.Errorf("group g: %w: again; %w", registry.ErrCorrupt, heartbeat.ErrWorkFailing), "understudy: group g: corrupt record: again; work keeps failing\n"},
		{&config.Error{Mistakes: []string{"a\x1b", "b\r"}}, "understudy: 2 mistakes in the environment:\n  " + `a\x1b` + "\n  " + `b\x0d` + "\n"},
	} {
		var stderr bytes.Buffer
		exitCode(tt.err, &stderr)
		if got := stderr.String(); got != tt.want {
			t.Errorf("%q:\n got %q\nwant %q", tt.err, got, tt.want)
		}
	}
}

func TestErrorsInTheLogNameNoPackages(t *testing.T) {
	var b bytes.Buffer
	log := newLogger(config.Config{LogFormat: config.LogJSON}, &b)
	log.Info().Err(fmt.Errorf("beat: %w", registry.ErrNotRegistered)).Msg("one")
	log.Info().Err(nil).Msg("two")
	if got := b.String(); !strings.Contains(got, `"error":"beat: not registered"`) || strings.Count(got, "error") != 1 {
		t.Error(got)
	}
}
