package demo

import (
	"os/exec"
	"syscall"
)

// endWithThread makes the kernel kill the process when the thread ends that starts
// it. It also keeps the Ctrl-C of a terminal from the process, since the demo stops it
// itself.
func endWithThread(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
