package main

import (
	"os/exec"
	"syscall"
)

// dieWithUs makes the kernel kill the process when the thread ends that starts it.
func dieWithUs(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
