package logging

import (
	"strings"
	"testing"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/testkit"
)

func TestLogger_IsForPeopleOnATerminal(t *testing.T) {
	testkit.CleanEnv(t, "TERM=xterm", "NO_COLOR=")
	person, screen := testkit.Pty(t)
	queue := NewQueue(screen)
	log := New(queue, "", config.LogAuto)
	log.Warn().Msg("see this")
	queue.Flush()
	line := make([]byte, 200)
	k, err := person.Read(line)
	if got := string(line[:k]); err != nil || !strings.Contains(got, "\x1b[33mWARN") || !strings.Contains(got, "see this") {
		t.Errorf("the terminal shows %q, %v", got, err)
	}
}
