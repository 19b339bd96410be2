package guard

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/guardname"
	"github.com/understudy-go/understudy/internal/procfs"
)

// namespace is the PID namespace of a command. When its init dies, the kernel kills every
// process in it, and only then can the init be reaped. The init dies with the guard, by
// its parent-death signal.
//
// The command and the init are children of this process. Orphans in the namespace become
// children of the init.
type namespace struct {
	init   int         // its PID here; 0: it is reaped
	thread int         // the thread that forks in the namespace
	calls  chan func() // to be made in that thread
	noProc string      // why /proc is not that of the namespace; empty: it is
}

// newNamespace makes a namespace and starts its init.
func newNamespace() (*namespace, error) {
	n := &namespace{calls: make(chan func())}
	result := make(chan error)
	go func() {
		// A thread that enters a namespace cannot leave it. This one lives as long as the
		// process does: the init gets its parent-death signal when this thread ends.
		runtime.LockOSThread()
		result <- n.enter()
		for call := range n.calls {
			call()
		}
	}()
	return n, <-result
}

// enter makes this thread fork in a namespace of its own, with mounts of its own.
func (n *namespace) enter() error {
	n.thread = unix.Gettid()
	if err := unix.Unshare(unix.CLONE_NEWPID); err != nil {
		if isRefusal(err) {
			return isolationError{"PID namespace: " + err.Error()}
		}
		return fmt.Errorf("PID namespace: %w", err)
	}
	mayMount := false
	err := unix.Unshare(unix.CLONE_NEWNS)
	if err == nil {
		// Nothing that is mounted in there may be seen outside.
		err = unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, "")
		mayMount = err == nil
	}
	if err != nil {
		n.noProc = err.Error()
	}
	if err := n.startInit(mayMount); err != nil {
		return err
	}
	return dropCapability() // the init needed it to mount /proc
}

// startInit starts the init, and waits until it is ready.
func (n *namespace) startInit(mayMount bool) error {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("pipe: %w", err)
	}
	answers := os.NewFile(uintptr(pipe[0]), "init")
	defer answers.Close()
	env := []string{"GOMAXPROCS=1"}
	if os.Getenv(envUserNamespace) != "" {
		env = append(env, envUserNamespace+"=1")
	}
	if mayMount {
		env = append(env, envMount+"=1")
	}
	pid, err := syscall.ForkExec(self, []string{guardname.Name, initArg}, &syscall.ProcAttr{
		Env:   env,
		Files: []uintptr{0, 0, 2, uintptr(pipe[1])},
		Sys:   &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
	})
	_ = unix.Close(pipe[1])
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	n.init = pid
	answer, err := io.ReadAll(answers)
	switch {
	case err != nil:
		return fmt.Errorf("init: %w", err)
	case len(answer) == 0 || answer[0] != initReady:
		return fmt.Errorf("the init of the PID namespace did not start: %s", answer)
	case len(answer) > 1:
		n.noProc = string(answer[1:])
	}
	return nil
}

// do makes a call in the thread of the namespace, and waits for it.
func (n *namespace) do(call func()) {
	done := make(chan struct{})
	n.calls <- func() {
		defer close(done)
		call()
	}
	<-done
}

// isOver reports whether the init is dead, and with it all that was in the namespace.
func (n *namespace) isOver() bool {
	return n != nil && (n.init == 0 || procfs.Peek(unix.P_PID, n.init) != 0)
}

// eachOrphan calls f with each living child of the init: processes of the command that have
// lost their parents.
func (n *namespace) eachOrphan(f func(pid int)) {
	if n.init == 0 {
		return
	}
	list, _ := procfs.Children(strconv.Itoa(n.init))
	for _, pid := range list {
		if p, err := readProcess(pid); err != nil || !p.dead() { // a hidden process may be alive
			f(pid)
		}
	}
}

// count returns about how many processes there are besides the init and the command.
func (n *namespace) count() (count int) {
	var stack []int
	n.eachOrphan(func(pid int) { stack = append(stack, pid) })
	for len(stack) > 0 && count < maxTree {
		pid := stack[len(stack)-1]
		count++
		list, _ := procfs.Children(strconv.Itoa(pid))
		stack = append(stack[:len(stack)-1], list...)
	}
	return count
}

// initTime bounds how long a guard without a command waits for the end of its init.
const initTime = time.Second

// close ends a namespace without a command.
func (n *namespace) close() {
	for end := time.Now().Add(initTime); n.init != 0 && time.Now().Before(end); time.Sleep(minBackoff) {
		sigkill(n.init)
		if procfs.Peek(unix.P_PID, n.init) == -1 || reapChild(n.init, nil) {
			n.init = 0
		}
	}
}
