package config

import (
	"bufio"
	"io"
	"strings"
)

// traces are what a process can see of the container that it runs in. What could not be
// read is empty.
type traces struct {
	mark         string // a sign that a container manager left, such as /.dockerenv
	pidNamespace string // the target of the link /proc/self/ns/pid
	kernel       string // its release
	root         mount  // of / as this process sees it
	firstRoot    mount  // of / as process 1 sees it
}

// mount is one line of a mountinfo file.
type mount struct {
	id   string // unique within one kernel
	kind string // of the file system
}

// machinesNamespace is the first PID namespace of a kernel. Its number is fixed.
const machinesNamespace = "pid:[4026531836]"

// overlays are the kinds of file systems that container managers make for a container.
var overlays = map[string]bool{"overlay": true, "aufs": true, "fuse.fuse-overlayfs": true}

// container says how it is known that this is a container. It returns "" on a machine.
//
// A mark alone proves nothing. A virtual machine that was made from an image has a mark
// as well, and a machine that was booted from a medium has an overlay. On such a machine
// process 1 is in the machine's own PID namespace and has the same root. A container
// that shares the PID namespace of the machine has a root of its own.
func (t traces) container() string {
	first := t.pidNamespace == machinesNamespace
	machine := first && t.root.id != "" && t.root.id == t.firstRoot.id
	switch {
	case t.mark != "" && !machine:
		return t.mark
	case overlays[t.root.kind] && !machine:
		return "its root is a file system of the kind " + t.root.kind
	// WSL 2 has a PID namespace for each distribution, but its files are permanent.
	case t.pidNamespace != "" && !first && !strings.Contains(strings.ToLower(t.kernel), "microsoft"):
		return "it has a PID namespace of its own"
	}
	return ""
}

// rootMount finds what is mounted at / in a mountinfo file: the last mount hides those
// before it.
func rootMount(info io.Reader) (m mount) {
	for lines := bufio.NewScanner(info); lines.Scan(); {
		before, after, ok := strings.Cut(lines.Text(), " - ")
		fields, rest := strings.Fields(before), strings.Fields(after)
		if ok && len(fields) > 4 && len(rest) > 0 && fields[4] == "/" {
			m = mount{id: fields[0], kind: rest[0]}
		}
	}
	return m
}
