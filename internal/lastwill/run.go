package lastwill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Run is an attempt of a job's run whose end is not recorded yet. The two packages that
// have to do with it note what they need, and read that again in the last will.
type Run struct {
	// The registration and the term of the instance, as in its Entry.
	Group    string
	Instance uuid.UUID
	Term     int64

	Rules   json.RawMessage // by jobs/scheduler: which run it is, and what follows its end
	Command json.RawMessage `json:",omitempty"` // by jobs/attempt, before the command is started
	End     *RunEnd         `json:"-"`          // by the guard, once nothing is left of the command; nil: it is not known
}

// Has reports whether a run belongs to the term that a member leaves behind.
func (e Entry) Has(r Run) bool {
	return e.Term > 0 && r.Term == e.Term && r.Instance == e.Instance && r.Group == e.Group
}

// RunEnd is how the command of a run ended, of which nothing is left.
type RunEnd struct {
	How    How
	Code   int           // the exit code, or 128+n after signal n
	Signal int           // that ended the command; 0: none did
	Left   int           // about how many other processes were killed
	At     time.Duration // when nothing was left, an instant of internal/boottime's clock
}

// How says why a command ended.
type How int

const (
	Itself     How = iota + 1 // nobody asked it to
	TimedOut                  // its time was over
	LeaseEnded                // the lease was over
	Told                      // it was told to stop, by Understudy or from outside
	Abandoned                 // it was killed, or ended otherwise, because Understudy was dead
)

// Outcome is how an attempt ended, in the words of package jobs/store.
type Outcome struct {
	End    string
	Code   int
	Remark string
	Result []byte
}

// The functions that packages set when the program starts.
var (
	settle   func(ctx context.Context, reg registry.Registry, r Run, o *Outcome) error
	describe func(command json.RawMessage, e RunEnd) Outcome
)

// SettleWith sets what records the end of a run. Without an outcome nobody knows how far
// the run came. It is called by an init function.
func SettleWith(f func(ctx context.Context, reg registry.Registry, r Run, o *Outcome) error) {
	settle = f
}

// DescribeWith sets what tells the outcome of an attempt. It is called by an init function.
func DescribeWith(f func(command json.RawMessage, e RunEnd) Outcome) { describe = f }

// Settle records how the attempt ended. Nothing of it may be left, and its instance is dead.
// It may be called again, and at any later time: it changes nothing if somebody else has
// decided about the run meanwhile. It may take longer than ctx, if it waits for a file.
func (r Run) Settle(ctx context.Context, reg registry.Registry) (err error) {
	defer func() { // the term has to be ended all the same
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	if settle == nil {
		return errors.New("this program has no jobs")
	}
	var o *Outcome
	if r.End != nil && r.Command != nil && describe != nil {
		told := describe(r.Command, *r.End)
		o = &told
	}
	return settle(ctx, reg, r, o)
}

// runKeeper gets the present form of the run with a number, from 0 on; nil: its end is
// recorded.
var runKeeper atomic.Pointer[func(number int, r *Run) error]

// KeepRunsWith sets who keeps the runs of this process. Without it nobody does.
func KeepRunsWith(keep func(number int, r *Run) error) { runKeeper.Store(&keep) }

// runNumbers are those of the runs whose end is not recorded.
var runNumbers numbering

// RunWill is what a last will knows of one run. It may be nil, which is that of a run that
// no last will knows of.
type RunWill struct {
	number int
	keep   func(number int, r *Run) error

	mu     sync.Mutex
	run    Run
	closed bool
}

// OpenRun is called before an attempt is started. After an error no last will knows of the
// run. It waits for nothing.
func OpenRun(r Run) (*RunWill, error) {
	keep := runKeeper.Load()
	if keep == nil {
		return nil, nil
	}
	w := &RunWill{number: runNumbers.take(), keep: *keep, run: r}
	if err := w.keep(w.number, &w.run); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// Note says what is to be known of the command, before it is started. After an error no
// last will knows of the run.
func (w *RunWill) Note(command json.RawMessage) error {
	return w.change(func(r *Run) { r.Command = command })
}

// SetRules says what follows the end of the run from now on. After an error no last will
// knows of the run.
func (w *RunWill) SetRules(rules json.RawMessage) error {
	return w.change(func(r *Run) { r.Rules = rules })
}

// change changes what is kept of the run, unless its end is recorded.
func (w *RunWill) change(f func(r *Run)) error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	f(&w.run)
	return w.keep(w.number, &w.run)
}

// Close says that the end of the run is recorded, or that this instance does not record it
// any more.
func (w *RunWill) Close() {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	w.closed = true
	_ = w.keep(w.number, nil)
	runNumbers.free(w.number)
}

type runKey struct{}

// WithRun returns a context for the attempt of a run.
func WithRun(ctx context.Context, w *RunWill) context.Context {
	return context.WithValue(ctx, runKey{}, w)
}

// RunOf returns what a last will knows of the run that a context is for; nil: nothing.
func RunOf(ctx context.Context) *RunWill {
	w, _ := ctx.Value(runKey{}).(*RunWill)
	return w
}

// Number returns the number of the run among those of this process, from 1 on; 0: no last
// will knows of it.
func (w *RunWill) Number() int {
	if w == nil {
		return 0
	}
	return w.number + 1
}
