// Package lastwill is what connects the members of this process with its guards, so that
// a guard which outlives this process can end the terms and delete the registrations that
// are left, and before that record how the runs of jobs ended.
//
// A member (package heartbeat) names what it may leave behind, before the request leaves
// by which it comes to be. Package worker keeps that where the guards find it. Its
// package internal/guard says when a guard acts on it, and why that is safe.
//
// In the same way the packages of jobs name the runs whose ends they have not recorded yet.
// They set what reads that again when the program starts, since nothing here imports them.
package lastwill

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Entry is what a member leaves behind when its process is killed. It may name what never
// came to be, because a request did not arrive: then there is nothing to be done.
type Entry struct {
	Group       string
	Instance    uuid.UUID
	Term        int64         // that the instance may hold; 0: none
	OrphanAfter time.Duration // how long peers wait without a last will
}

// Execute ends the term of a dead instance, if it is open, and deletes its registration.
// Nothing of its work may be left. It may be called again, and at any later time, since it
// changes only what belongs to this very instance, which never comes back.
func (e Entry) Execute(ctx context.Context, reg registry.Registry) error {
	if e.Term > 0 {
		if err := reg.EndTerm(ctx, e.Group, e.Term, e.Instance, registry.End{Reason: registry.Crashed}); err != nil {
			return err
		}
	}
	return reg.Unregister(ctx, e.Instance)
}

// ErrExecuting says what a process cannot do that carries out a last will.
var ErrExecuting = errors.New("this process was started to carry out a last will, and nothing else: worker.LastWill has to be the first call of main")

var executing atomic.Bool

// SetExecuting says that this process was started to carry out the last will of another one.
func SetExecuting() { executing.Store(true) }

// Executing reports whether SetExecuting was called.
func Executing() bool { return executing.Load() }

// keeper gets the present entry of the member with a number, from 0 on; nil: there is
// nothing to be left behind.
var keeper atomic.Pointer[func(number int, e *Entry) error]

// KeepWith sets who keeps the entries of this process. It is called before there is a
// member. Without it nobody does.
func KeepWith(keep func(number int, e *Entry) error) { keeper.Store(&keep) }

// numbers are those of the members that are open.
var numbers numbering

// numbering gives out the lowest number, from 0 on, that nobody has.
type numbering struct {
	mu   sync.Mutex
	used []bool
}

func (n *numbering) take() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	i := slices.Index(n.used, false)
	if i < 0 {
		i = len(n.used)
		n.used = append(n.used, false)
	}
	n.used[i] = true
	return i
}

func (n *numbering) free(i int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.used[i] = false
}

// Will is the part of one member. Its methods never wait for anything, and are called by
// one goroutine.
type Will struct {
	number int
	entry  Entry
}

// Open returns the part of a member of a group.
func Open(group string, orphanAfter time.Duration) *Will {
	return &Will{number: numbers.take(), entry: Entry{Group: group, OrphanAfter: orphanAfter}}
}

// Name names what the member may leave behind from now on, instead of what it named before.
// After an error nothing is named.
func (w *Will) Name(instance uuid.UUID, term int64) error {
	w.entry.Instance, w.entry.Term = instance, term
	if keep := keeper.Load(); keep != nil {
		e := w.entry
		return (*keep)(w.number, &e)
	}
	return nil
}

// Close says that the member leaves nothing behind any more.
func (w *Will) Close() {
	if keep := keeper.Load(); keep != nil {
		_ = (*keep)(w.number, nil)
	}
	numbers.free(w.number)
}
