package worker

import "golang.org/x/sys/unix"

// fionread is the ioctl that says how much is in a pipe, which Linux names FIONREAD, too.
const fionread = unix.TIOCINQ
