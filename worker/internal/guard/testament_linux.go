package guard

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/guardname"
	"github.com/understudy-go/understudy/internal/lastwill"
)

const (
	willArg  = "last-will" // the only argument of a process that carries out a last will
	willFD   = 3           // its descriptor of the ledger
	envUntil = "UNTIL"     // in its environment: when to give up, an instant of internal/boottime's clock
)

// willStartTime is how long main of a process that carries out a last will may take until
// it calls ReadTestament.
const willStartTime = 5 * time.Second

// watchdog ends a process that does not call ReadTestament.
var watchdog *time.Timer

// isWillProcess reports whether this process was started to carry out a last will. The
// program must never continue as anything else then.
func isWillProcess() bool {
	return len(os.Args) == 2 && os.Args[0] == guardname.Name && os.Args[1] == willArg
}

// prepareWill is called before the packages of the program are initialised. It exits if no
// guard has started this process, or if main does not come to ReadTestament: the program
// would do then what it does without arguments, or with these.
func prepareWill() {
	name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", willFD))
	if err != nil || !strings.HasPrefix(name, ledgerName) {
		_, _ = unix.Write(2, []byte(guardname.Name+" "+willArg+": only a guard can start this\n"))
		syscall.Exit(1)
	}
	if hide() != nil {
		syscall.Exit(1)
	}
	lastwill.SetExecuting()
	watchdog = time.AfterFunc(willStartTime, func() { syscall.Exit(1) })
}

// hide keeps what this process reads from now on out of core dumps, and from other
// processes of the same user. It gives the process the name of a guard, and its signals
// are ignored, since it ends by itself.
func hide() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return err
	}
	comm := []byte(guardname.Name + "\x00")
	_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&comm[0])), 0, 0, 0)
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGABRT, unix.SIGPIPE)
	return nil
}

// Testament is a last will in the process that has to carry it out.
type Testament struct {
	Entries []lastwill.Entry
	Runs    []lastwill.Run
	Dir     string        // the working directory that Understudy was started in
	Until   time.Duration // when to give up, an instant of internal/boottime's clock
}

// ReadTestament returns nil unless this process has to carry out a last will. Then it gives
// this process the arguments and the environment that Understudy had, which other
// processes do not see.
func ReadTestament() (*Testament, error) {
	if !lastwill.Executing() {
		return nil, nil
	}
	watchdog.Stop()
	if anyTree(willFD) {
		return nil, errors.New("guard: last will: something of a command may be left")
	}
	from, err := readOrigin(willFD)
	if err != nil {
		return nil, err
	}
	until, err := strconv.ParseInt(os.Getenv(envUntil), 10, 64)
	if err != nil {
		return nil, err
	}
	if len(from.Args) > 0 {
		os.Args = from.Args
	}
	os.Clearenv()
	for _, entry := range from.Env {
		if name, value, ok := strings.Cut(entry, "="); ok && name != "" {
			_ = os.Setenv(name, value)
		}
	}
	return &Testament{Entries: readEntries(willFD), Runs: readRuns(willFD), Dir: from.Dir, Until: time.Duration(until)}, nil
}

// Done says that the last will was carried out. Nothing else is a sign of that: the program
// may exit with any code before it comes to its last will.
func (t *Testament) Done() { _ = unix.Ftruncate(willFD, 0) }
