//go:build unix && !linux

package demo

import (
	"os/exec"
	"syscall"
)

// endWithThread only keeps the Ctrl-C of a terminal from the process, since the demo
// stops it itself. Only Linux can end a process with a thread.
func endWithThread(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
