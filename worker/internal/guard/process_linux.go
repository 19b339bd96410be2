package guard

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// process is what /proc/PID/stat shows of a process.
type process struct {
	pid, ppid, sid int
	threads        int
	state          byte
	start          string // since boot, in clock ticks
	comm           string
}

// dead reports whether no thread of p runs any more. The kernel shows a process
// whose first thread has exited as a zombie while its other threads go on.
func (p process) dead() bool { return p.state == 'X' || p.state == 'Z' && p.threads <= 1 }

// errNone says that there is no such process, or that it does not belong to this
// user.
var errNone = errors.New("no such process")

// readProc reads a file of a process. It returns errNone if the process is gone, or
// if it belongs to another user and /proc, mounted with hidepid, does not show it.
// After any other error nothing is known about the process.
func readProc(pid int, name string) ([]byte, error) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/" + name)
	for _, none := range []error{unix.ENOENT, unix.ESRCH, unix.EACCES, unix.EPERM} {
		if errors.Is(err, none) {
			return nil, errNone
		}
	}
	return data, err
}

// readProcess reads one process. Its errors are those of readProc.
func readProcess(pid int) (p process, err error) {
	stat, err := readProc(pid, "stat")
	if err != nil {
		return p, err
	}
	head, tail, ok := cutLast(string(stat), ") ")
	f := strings.Fields(tail)
	if !ok || len(f) < 20 {
		return p, fmt.Errorf("/proc/%d/stat: %.100q", pid, stat)
	}
	_, comm, _ := strings.Cut(head, "(")
	p = process{pid: pid, state: f[0][0], start: f[19], comm: comm}
	p.ppid, _ = strconv.Atoi(f[1])
	p.sid, _ = strconv.Atoi(f[3])
	p.threads, _ = strconv.Atoi(f[17])
	return p, nil
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// readProcesses reads all processes.
func readProcesses() (map[int]process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	all := make(map[int]process)
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		switch p, err := readProcess(pid); {
		case err == nil:
			all[pid] = p
		case !errors.Is(err, errNone):
			return nil, err
		}
	}
	return all, nil
}

// hasMark reports whether the environment of a process has the entry mark.
func hasMark(pid int, mark string) (bool, error) {
	if mark == "" {
		return false, nil
	}
	env, err := readProc(pid, "environ")
	if errors.Is(err, errNone) {
		return false, nil
	}
	return bytes.Contains(append([]byte{0}, env...), []byte("\x00"+mark+"\x00")), err
}
