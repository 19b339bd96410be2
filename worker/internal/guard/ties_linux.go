package guard

import (
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/procfs"
)

// ties are those of what left the command's process group: by a new session, as
// daemons do, or a new group, as shells with job control do. Without them the
// death of Understudy and guard both would leave it running. The tree is looked
// through again and again, for nobody tells us of a new group.
type ties struct {
	own   int // this process's group, and session
	byKey map[int]*knot
	most  int // as many as the limit of descriptors has room for

	next time.Duration // when to look again
	gap  time.Duration // since the last time
}

// knot is the tie of one owner, see keyOf.
type knot struct {
	tie
	seen   bool // by this look
	missed bool // by the last one
}

const (
	firstGap = 50 * time.Millisecond // after the start, when most have their workers started
	maxGap   = time.Second
	idleness = 20      // times as long as a look took, at least
	maxTree  = 1 << 16 // processes; numbers that are reused could make a circle

	maxTies = 4096
	perTie  = 3 // descriptors
)

func newTies() *ties {
	t := &ties{own: unix.Getpgrp(), byKey: make(map[int]*knot)}
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		t.most = int(min(limit.Cur/2/perTie, maxTies))
	}
	return t
}

// begin has the first look follow.
func (t *ties) begin() {
	t.gap = firstGap
	t.next = boottime.Now() + t.gap
}

// look ties whoever is in no group that is tied, drops the ties of groups that
// are gone, and puts off the next look. The command is tied already.
func (t *ties) look(kids *children, command int) {
	begin := boottime.Now()
	for _, k := range t.byKey {
		k.seen = false
	}
	var stack []int
	kids.each(func(pid int) { stack = append(stack, pid) })
	for n := 0; len(stack) > 0 && n < maxTree; n++ {
		pid := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		t.see(pid, command)
		list, _ := procfs.Children(strconv.Itoa(pid)) // one that /proc hides is tied, but not its children
		stack = append(stack, list...)
	}
	for key, k := range t.byKey {
		if k.missed && !k.seen || !k.holds() {
			k.drop()
			delete(t.byKey, key)
		}
		k.missed = !k.seen
	}
	now := boottime.Now()
	t.gap = min(2*t.gap, maxGap)
	t.next = now + max(t.gap, idleness*(now-begin))
}

// see ties a process, or the group that it is in.
func (t *ties) see(pid, command int) {
	key := t.keyOf(pid)
	if key == 0 || key == -command {
		return
	}
	if k := t.byKey[key]; k != nil && k.holds() {
		k.seen = true
		return
	} else if k != nil { // another one of the same number
		k.drop()
		delete(t.byKey, key)
	}
	if len(t.byKey) >= t.most {
		return
	}
	knot := &knot{seen: true}
	var err error
	if knot.tie, err = newTie(); err != nil {
		return // too many descriptors: perhaps the next time
	}
	knot.fasten(key)
	if t.keyOf(pid) != key || !isOurs(pid) { // it could be anybody's group
		knot.drop()
		return
	}
	t.byKey[key] = knot
}

// keyOf is whom to tie for a process: its group, as a negative number; the process
// itself, if it is in this process's own group, which has to survive; 0 if there
// is no such process.
func (t *ties) keyOf(pid int) int {
	pgid, _, errno := unix.RawSyscall(unix.SYS_GETPGID, uintptr(pid), 0, 0)
	switch {
	case errno != 0:
		return 0
	case int(pgid) == t.own:
		return pid
	}
	return -int(pgid)
}

// isOurs reports whether a process descends from this one.
func isOurs(pid int) bool {
	me := unix.Getpid()
	for range maxTree {
		if procfs.Peek(unix.P_PID, pid) >= 0 {
			return true // a child, that /proc may hide
		}
		p, err := lookUp(pid)
		if err != nil || p.ppid == 0 {
			return false
		}
		if p.ppid == me {
			return true
		}
		pid = p.ppid
	}
	return false
}
