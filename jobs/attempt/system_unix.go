//go:build unix

package attempt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
)

// openToRead opens what somebody may have replaced by a FIFO or a link just now.
const openToRead = os.O_RDONLY | syscall.O_NONBLOCK | syscall.O_NOFOLLOW

// signalName returns the name of a signal.
func signalName(n int) string {
	if name := unix.SignalName(syscall.Signal(n)); name != "" {
		return name
	}
	return fmt.Sprintf("signal %d", n)
}

// lockFolder marks a folder as that of a living process. It is not mine if another process
// has removed it, or is about to. On a file system without locks there is no mark, and nobody
// removes what is left.
func lockFolder(path string) (lock *os.File, mine bool, err error) {
	lock, err = os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if errors.Is(flock(lock), unix.EWOULDBLOCK) || !isAt(lock, path) {
		_ = lock.Close()
		return nil, false, nil
	}
	return lock, true, nil
}

// flock locks an open file for as long as a process has it open.
func flock(f *os.File) (err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	failed := raw.Control(func(fd uintptr) { err = unix.Flock(int(fd), unix.LOCK_EX|unix.LOCK_NB) })
	return errors.Join(failed, err)
}

// isAt reports whether an open file still is the one at a path.
func isAt(f *os.File, path string) bool {
	there, err1 := os.Lstat(path)
	here, err2 := f.Stat()
	return err1 == nil && err2 == nil && os.SameFile(there, here)
}

// sweep removes the private folders of this user that no living process has locked, and
// returns their number.
func sweep(parent string, log zerolog.Logger) (removed int) {
	dir, err := os.Open(parent)
	if err != nil {
		return 0 // the first attempt will say so
	}
	names, _ := dir.Readdirnames(-1)
	_ = dir.Close()
	for _, name := range names {
		if !strings.HasPrefix(name, folderPrefix) {
			continue
		}
		path := filepath.Join(parent, name)
		if ok, err := removeLeftover(path); err != nil {
			log.Warn().Err(err).Str("folder", path).Msg("the private folder of a run whose process is gone cannot be removed")
		} else if ok {
			removed++
		}
	}
	return removed
}

// removeLeftover removes a private folder if no living process has it.
func removeLeftover(path string) (removed bool, err error) {
	lock, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false, nil // it is gone, or that of another user, or no folder
	}
	defer lock.Close()
	info, err := lock.Stat()
	if err != nil {
		return false, nil
	}
	if s, ok := info.Sys().(*syscall.Stat_t); !ok || int(s.Uid) != os.Geteuid() {
		return false, nil
	}
	if flock(lock) != nil || !isAt(lock, path) {
		return false, nil
	}
	return true, removeAll(path)
}
