package scheduler

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/lastwill"
	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// When this process is killed, its last will records how the attempts ended that it ran, by
// the same rules as the holder itself would have. An update rests on the version of the
// record, as every update does. So a will that is late, or carried out twice, changes
// nothing about which somebody else has decided.

func init() { lastwill.SettleWith(settleLeft) }

// left is what a last will has to know of a run whose attempt is started.
type left struct {
	Key     store.Key
	Attempt int
	Nonce   uuid.UUID
	At      time.Time     // of the registry's clock
	Local   time.Duration // the same instant, of internal/boottime's clock
	Rules   leftRules
}

// leftRules are what a definition says about the end of an attempt. What follows an outcome
// is left to the next holder, who goes by its own definition.
type leftRules struct {
	Interrupted jobs.Interrupted
	Retries     jobs.Retries
}

func rulesOf(d jobs.Definition) leftRules { return leftRules{d.Interrupted, d.Retries} }

// definition returns a definition with the same rules, for a function that asks for nothing
// else.
func (l leftRules) definition() jobs.Definition {
	return jobs.Definition{Interrupted: l.Interrupted, Retries: l.Retries}
}

// left returns what a last will has to know of a run whose attempt is about to start.
func (m *machine) left(r store.Run) left {
	return left{
		Key: r.Key, Attempt: r.Attempt, Nonce: r.Nonce, At: m.now(), Local: m.local,
		Rules: rulesOf(m.definition(r.Job)),
	}
}

// text returns what is written down. There is nothing in it that JSON has no form for.
func (l left) text() json.RawMessage {
	data, _ := json.Marshal(l)
	return data
}

// goneRemark is the remark of an attempt of which nothing else is known.
const goneRemark = "its instance was killed, or crashed"

// unknown is the end of an attempt of which a last will knows nothing but that its instance
// is dead.
var unknown = ending{end: store.AttemptExited, remark: goneRemark}

// settled returns the record of a run after the end of its attempt, if nobody has decided
// about that yet. Term is that of the dead holder.
func (l left) settled(stored store.Run, term int64, e ending, jitter func(time.Duration) time.Duration) (next store.Run, ok bool) {
	if stored.Version() != (store.Version{State: store.Processing, Term: term, Attempt: l.Attempt}) || stored.Nonce != l.Nonce {
		return store.Run{}, false
	}
	if stored.Cancel != nil && (e.end == store.AttemptExited || e.end == store.AttemptFailed) {
		e.end, e.remark = store.AttemptCancelled, cancelRemark(stored.Cancel)
	}
	next = after(l.Rules.definition(), stored, e, jitter)
	next.Open, next.Nonce = true, uuid.Nil
	return next, true
}

// byWill reports whether a last will has recorded the end of a run's latest attempt, so that
// no holder has told of it yet. Such a run stays open, and has no nonce.
func byWill(r store.Run) bool { return r.Nonce == uuid.Nil && len(r.Attempts) > 0 }

// settleLeft records how a run ended that a last will knows of.
func settleLeft(ctx context.Context, reg registry.Registry, r lastwill.Run, o *lastwill.Outcome) error {
	b, ok := reg.(store.Backend)
	if !ok {
		return errors.New("the registry has no jobs")
	}
	var l left
	if err := json.Unmarshal(r.Rules, &l); err != nil {
		return err
	}
	e, ended := unknown, boottime.Now()
	if o != nil {
		ended = r.End.At
		e = Result{End: store.AttemptEnd(o.End), Code: o.Code, Remark: o.Remark, Result: o.Result}.ending()
	}
	e.at = l.At.Add(ended - l.Local)
	s, h := b.Jobs(), store.Holder{Group: r.Group, Term: r.Term, Instance: r.Instance}
	stored, err := s.Run(ctx, l.Key)
	if err != nil {
		return err
	}
	if o != nil { // what was stored before is of an earlier attempt
		stored.Output, stored.Result = store.Output{}, e.result
	}
	next, ok := l.settled(stored, r.Term, e, jitter)
	if !ok {
		return nil
	}
	_, err = s.Update(ctx, h, stored.Version(), next)
	if errors.Is(err, store.ErrTooLarge) && len(next.Result) > 0 {
		next.Result, next.Remark = nil, "its result is too large to be stored"
		_, err = s.Update(ctx, h, stored.Version(), next)
	}
	if errors.Is(err, store.ErrChanged) || errors.Is(err, store.ErrSuperseded) {
		return nil // somebody else has decided meanwhile
	}
	return err
}

// jitter changes a pause by chance.
func jitter(d time.Duration) time.Duration { return d + rand.N(d/5+1) }

// will has a last will know of an attempt that is about to start.
func (r *runner) will(run store.Run) *lastwill.RunWill {
	w, err := lastwill.OpenRun(lastwill.Run{
		Group: r.holder.Group, Instance: r.holder.Instance, Term: r.holder.Term, Rules: r.machine.left(run).text(),
	})
	if err != nil {
		r.log.note(note{fact: factUnwilled, run: run, err: err}, boottime.Now())
	}
	if w != nil {
		r.wills[run.Key] = w
	}
	return w
}

// renewWills has a last will go by the definitions that count now.
func (r *runner) renewWills() {
	for k, w := range r.wills {
		run := r.machine.runs[k]
		if run == nil {
			continue
		}
		if err := w.SetRules(r.machine.left(run.record).text()); err != nil {
			r.log.note(note{fact: factUnwilled, run: run.record, err: err}, boottime.Now())
		}
	}
}

// unrecorded reports whether the attempt of a run was started, and its end is not recorded.
func (m *machine) unrecorded(k store.Key) bool {
	r := m.runs[k]
	return r != nil && (r.phase == running || r.phase == recording)
}

// closeWills closes those of runs whose end is recorded, or is not recorded by this holder
// any more.
func (r *runner) closeWills() {
	for k, w := range r.wills {
		if !r.machine.unrecorded(k) {
			w.Close()
			delete(r.wills, k)
		}
	}
}
