package guard

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/guardname"
)

// The environment of Understudy names the step of a last will at which its guard, or the
// process that carries it out, stops by SIGSTOP, and a directory for a file with its PID.
const (
	EnvStep    = "UNDERSTUDY_TEST_STEP"
	EnvStepDir = "UNDERSTUDY_TEST_STEP_DIR"
)

// This runs before the init function that makes this process a guard.
var _ = func() bool {
	if os.Args[0] != guardname.Name {
		return false
	}
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", os.Getppid()))
	var step, dir string
	for entry := range strings.SplitSeq(string(data), "\x00") {
		switch name, value, _ := strings.Cut(entry, "="); name {
		case EnvStep:
			step = value
		case EnvStepDir:
			dir = value
		}
	}
	if step != "" {
		atStep = func(name string) { StopAt(name, step, dir) }
	}
	return true
}()

// StopAt stops this process if it is at the step, the first time that any process is.
func StopAt(name, step, dir string) {
	if name != step {
		return
	}
	f, err := os.OpenFile(filepath.Join(dir, "stopped"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	fmt.Fprintln(f, os.Getpid())
	f.Close()
	runtime.LockOSThread()
	_ = unix.Tgkill(os.Getpid(), unix.Gettid(), unix.SIGSTOP) // this thread stops before the call returns
	runtime.UnlockOSThread()
}

// MaxWillTries is how many processes try to carry out a last will.
const MaxWillTries = maxWillTries

// OriginEnv returns a variable of Understudy's environment in a process that has to carry
// out a last will, before that knows it. In another process it is empty.
func OriginEnv(name string) string {
	if len(os.Args) == 2 && os.Args[1] == willArg {
		from, err := readOrigin(willFD)
		if err != nil {
			return ""
		}
		for _, entry := range from.Env {
			if value, ok := strings.CutPrefix(entry, name+"="); ok {
				return value
			}
		}
	}
	return ""
}
