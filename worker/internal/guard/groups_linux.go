package guard

import (
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/procfs"
)

// tiedGroups are the ties of the processes that left the command's group: by a new
// session, as daemons do, or by a new group, as shells with job control do. Without
// them, those processes would live on if Understudy and its guard died together.
// Nothing reports a new group, so the tree is scanned again and again.
type tiedGroups struct {
	own   int // this process's group, and session
	init  int // of the command's PID namespace, to which signals of ties do nothing; or 0
	byKey map[int]*tiedGroup
	most  int // how many ties the limit of descriptors has room for

	next time.Duration // when to scan again
	gap  time.Duration // since the last scan
}

// tiedGroup is the tie of one owner, as keyOf returns it.
type tiedGroup struct {
	tie
	seen   bool // by this scan
	missed bool // by the scan before
}

const (
	firstGap = 50 * time.Millisecond // after the start: most commands have started their workers by then
	maxGap   = time.Second
	minIdle  = 20      // the pause after a scan is at least this many times as long as the scan
	maxTree  = 1 << 16 // processes in one scan: PIDs that are used again could make a circle

	maxTies = 4096
	perTie  = 3 // descriptors
)

func newTiedGroups() *tiedGroups {
	t := &tiedGroups{own: unix.Getpgrp(), byKey: make(map[int]*tiedGroup)}
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		t.most = int(min(limit.Cur/2/perTie, maxTies))
	}
	return t
}

// none reports whether nothing is tied.
func (t *tiedGroups) none() bool { return len(t.byKey) == 0 }

// begin sets the time of the first scan.
func (t *tiedGroups) begin() {
	t.gap = firstGap
	t.next = boottime.Now() + t.gap
}

// scan ties every process that is in no tied group, closes the ties of groups that
// are gone, and sets the time of the next scan. The command is tied already.
func (t *tiedGroups) scan(children *children, command int) {
	begin := boottime.Now()
	for _, g := range t.byKey {
		g.seen = false
	}
	var stack []int
	children.each(func(pid int) { stack = append(stack, pid) })
	for n := 0; len(stack) > 0 && n < maxTree; n++ {
		pid := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		t.add(pid, command)
		list, _ := procfs.Children(strconv.Itoa(pid)) // a process that /proc hides is tied, but its children are not
		stack = append(stack, list...)
	}
	for key, g := range t.byKey {
		if g.missed && !g.seen || !g.hasOwner() {
			g.close()
			delete(t.byKey, key)
		}
		g.missed = !g.seen
	}
	now := boottime.Now()
	t.gap = min(2*t.gap, maxGap)
	t.next = now + max(t.gap, minIdle*(now-begin))
}

// add ties a process, or the group that it is in, unless that is tied already.
func (t *tiedGroups) add(pid, command int) {
	key := t.keyOf(pid)
	if key == 0 || key == -command || t.init != 0 && pid == t.init {
		return
	}
	if g := t.byKey[key]; g != nil && g.hasOwner() {
		g.seen = true
		return
	} else if g != nil { // the owner is gone, and another one has its ID
		g.close()
		delete(t.byKey, key)
	}
	if len(t.byKey) >= t.most {
		return
	}
	g := &tiedGroup{seen: true}
	var err error
	if g.tie, err = newTie(); err != nil {
		return // too many descriptors are open; the next scan tries again
	}
	g.fasten(key)
	if t.keyOf(pid) != key || !isDescendant(pid) { // the tie may have met a stranger's group
		g.close()
		return
	}
	t.byKey[key] = g
}

// keyOf returns the owner to be tied for a process: its group, as a negative
// ID; the process itself, if it is in this process's own group, which has to
// survive; or 0 if there is no such process.
func (t *tiedGroups) keyOf(pid int) int {
	pgid, _, errno := unix.RawSyscall(unix.SYS_GETPGID, uintptr(pid), 0, 0)
	switch {
	case errno != 0:
		return 0
	case int(pgid) == t.own:
		return pid
	}
	return -int(pgid)
}

// isDescendant reports whether a process descends from this one.
func isDescendant(pid int) bool {
	me := unix.Getpid()
	for range maxTree {
		if procfs.Peek(unix.P_PID, pid) >= 0 {
			return true // a child, which /proc may hide
		}
		p, err := readProcess(pid)
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
