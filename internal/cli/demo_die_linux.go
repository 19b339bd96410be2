package cli

import (
	"os/exec"
	"syscall"
)

// dieWithUs makes the kernel kill the process when the thread ends that starts
// it, and keeps a terminal's Ctrl-C from it: the demo stops it itself.
func dieWithUs(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
