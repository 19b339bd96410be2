//go:build unix && !linux

package cli

import (
	"os/exec"
	"syscall"
)

// dieWithUs only keeps a terminal's Ctrl-C from the process: Linux alone has a
// signal for the rest.
func dieWithUs(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
