package logging

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/testkit"
)

func TestLogger_IsForPeopleOnATerminal(t *testing.T) {
	testkit.CleanEnv(t, "TERM=xterm", "NO_COLOR=")
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer master.Close()
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err := errors.Join(err, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)); err != nil {
		t.Fatal(err)
	}
	screen, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close()
	queue := NewQueue(screen)
	log := New(queue, "", config.LogAuto)
	log.Warn().Msg("see this")
	queue.Flush()
	line := make([]byte, 200)
	k, err := master.Read(line)
	if got := string(line[:k]); err != nil || !strings.Contains(got, "\x1b[33mWARN") || !strings.Contains(got, "see this") {
		t.Errorf("the terminal shows %q, %v", got, err)
	}
}
