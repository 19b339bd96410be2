package guard

import (
	"runtime"
	"syscall"
)

// Descriptors that a guard is started with.
const (
	connFD = 3 // the socket to Understudy
	tieFD  = 4 // the reading end of the pipe that Understudy holds the other end of
)

func init() {
	if isWillProcess() {
		prepareWill()
		return // main goes on with ReadTestament
	}
	if isInit() {
		runtime.LockOSThread()
		syscall.Exit(serveInit())
	}
	if !isGuard() {
		return
	}
	runtime.LockOSThread()
	syscall.Exit(serve()) // without the exit hooks of the host program
}
