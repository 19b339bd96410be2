package scheduler

import (
	"fmt"
	"slices"
	"time"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

// claimSlots claims the slots of all jobs that have come.
func (m *machine) claimSlots() {
	if len(m.claim) == 0 && m.clock.settled() && m.leaseSuffices() && m.calls.of(kindClaim).ready(m.local) {
		if now := m.now(); !m.soonest.After(now) {
			m.planAll(now)
		}
	}
	m.finishClaims()
}

// finishClaims sends the claim on until it is answered. What has an uncertain answer is
// claimed again: the nonce tells whether a record that is there is of this claim.
func (m *machine) finishClaims() {
	if n := min(len(m.claim), store.MaxPage); n > 0 {
		m.ask(request{kind: kindClaim, runs: m.claim[:n:n]})
	}
}

// planAll decides about the slots of all jobs that have come.
func (m *machine) planAll(now time.Time) {
	m.soonest = now.Add(time.Hour)
	for _, j := range m.sorted() {
		if !j.mayClaim() {
			continue
		}
		if !j.nextSlot.After(now) {
			m.plan(j, now)
			m.soonest = now // until the claim is answered, the next slot is not known
		} else if j.nextSlot.Before(m.soonest) {
			m.soonest = j.nextSlot
		}
	}
	m.beginClaimed(now)
}

// mayClaim reports whether slots of the job may be claimed. The definition by which they
// are claimed has to be stored before.
func (j *job) mayClaim() bool {
	return j.defined && j.known && j.stored == j.record.Hash && j.record.Paused == nil && !j.nextSlot.IsZero()
}

// plan decides about the slots of a job that have come. What can start at once is marked
// by its state; see beginClaimed.
func (m *machine) plan(j *job, now time.Time) {
	mark := j.record.Mark
	// A resume that lies ahead was written by a clock that was set back since.
	if resumed := j.record.Resumed; resumed.After(mark) && resumed.Before(now.Add(clockStep)) {
		paused := leaveOut(j.Definition, j.Next, mark, earlier(resumed, now))
		mark = paused.mark
		m.summarise(j, paused.left, now, "while the job was paused")
	}
	p := planSlots(j.Definition, j.Next, mark, now)
	m.planned = append(m.planned, j)
	j.claiming, j.mark, j.replaced = true, p.mark, time.Time{}
	m.summarise(j, p.left, now, "that nobody started in time")
	for _, slot := range p.missed {
		m.claim = append(m.claim, m.waiting(j, slot, now))
	}
	for i, slot := range p.onTime {
		r := m.waiting(j, slot, now)
		switch before := m.unfinished(j); {
		case j.Overlap == jobs.OverlapReplace && i < len(p.onTime)-1:
			r = skip(r, now, replacedRemark(p.onTime[len(p.onTime)-1]))
		case j.Overlap == jobs.OverlapReplace:
			j.replaced = slot
		case j.Overlap == jobs.OverlapSkip && before != "" && j.Missed.Policy != jobs.MissedAll:
			r = skip(r, now, fmt.Sprintf("run %s/%s had not ended", j.Name, before))
		}
		m.claim = append(m.claim, r)
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// beginClaimed lets runs that are claimed begin at once, in the order of the queue, as far
// as there are places and nothing else of their job comes before them.
func (m *machine) beginClaimed(now time.Time) {
	places := m.free()
	if m.backlog || !m.mayBegin() {
		return
	}
	slices.SortStableFunc(m.claim, func(a, b store.Run) int { return inQueue(&a, &b) })
	for i := range m.claim {
		r := &m.claim[i]
		j := m.jobs[r.Job]
		switch {
		case r.State != store.Waiting:
		case !j.allows() && j.busy > 0, j.inTurn() && j.waits(), j.allows() && j.isLate(*r) && m.lateBegun(j):
		case places == 0:
			return
		default:
			places--
			*r = m.begin(*r, now)
			m.busy, j.busy = m.busy+1, j.busy+1 // its place is kept until the claim is answered
		}
	}
}

// waiting returns the record of a run of a slot that waits.
func (m *machine) waiting(j *job, slot, now time.Time) store.Run {
	return store.Run{
		Key:     store.Key{Group: m.holder.Group, Job: j.Name, Run: store.SlotID(slot)},
		Trigger: store.BySchedule, Slot: slot, At: now, Due: slot, Priority: j.Priority,
		State: store.Waiting, Open: true, Nonce: m.newNonce(), Schema: store.Schema,
	}
}

// begin returns the record of a run whose next attempt this holder claims.
func (m *machine) begin(r store.Run, now time.Time) store.Run {
	r.State, r.Open, r.Nonce, r.Remark = store.Processing, true, m.newNonce(), ""
	r.Attempt++
	before := r.Attempts[max(0, len(r.Attempts)-store.MaxAttempts+1):]
	r.Attempts = append(slices.Clone(before), store.Attempt{
		Number: r.Attempt, Instance: m.holder.Instance, Host: m.host, Term: m.holder.Term, From: now,
	})
	return r
}

// skip returns the record of a run that is never started. Nothing follows it.
func skip(r store.Run, now time.Time, why string) store.Run {
	r.State, r.Open, r.EndedAt, r.Remark = store.Skipped, false, now, why
	return r
}

// summarise claims the record that stands for the slots that are left out. It has the key
// of the last of them.
func (m *machine) summarise(j *job, l leftOut, now time.Time, why string) {
	if l.count == 0 {
		return
	}
	text := fmt.Sprintf("slot %s, %s", store.SlotID(l.last), why)
	if l.count > 1 {
		more := ""
		if l.more {
			more = "more than "
		}
		text = fmt.Sprintf("%s%d slots from %s to %s, %s", more, l.count, store.SlotID(l.first), store.SlotID(l.last), why)
	}
	m.claim = append(m.claim, skip(m.waiting(j, l.last, now), now, text))
}

// claimAnswered takes the answer to a claim. When all slots of a job are claimed, its mark
// moves.
func (m *machine) claimAnswered(runs []store.Run, there []*store.Run) {
	for i, r := range runs {
		if j := m.job(r.Job); r.State == store.Processing {
			m.busy, j.busy = m.busy-1, j.busy-1
		}
		m.claimedRun(r, there[i])
	}
	if m.lost {
		return
	}
	if m.claim = m.claim[len(runs):]; len(m.claim) > 0 {
		return
	}
	m.claim = nil
	for _, j := range m.planned {
		j.claiming = false
		if !j.replaced.IsZero() {
			m.replace(j)
		}
		if j.mark.After(j.record.Mark) { // no new definition has set it meanwhile
			j.record.Mark = j.mark
			m.reckonNext(j)
			m.dirty(j)
		}
	}
	m.planned = m.planned[:0]
}

// claimedBefore takes the record of a run that was to be claimed and exists. It may be a late
// write of a holder before, after this one had read what the other left behind: the job is
// not through with that run.
func (m *machine) claimedBefore(there store.Run) {
	m.calls.want(kindOpen)
	m.readDue()
	switch {
	case there.Term >= m.holder.Term || m.runs[there.Key] != nil || m.phase != working:
	case there.State == store.Processing:
		m.interrupted(there)
	case there.State == store.Waiting && there.Attempt > 0:
		m.noteRetry(there)
	}
}

// claimedRun takes the answer to the claim of a run. A record that is there with the nonce
// is this very claim, which got no answer before.
func (m *machine) claimedRun(r store.Run, there *store.Run) {
	early := m.early[r.Key]
	delete(m.early, r.Key)
	mine := there == nil || there.Term == m.holder.Term && there.Nonce == r.Nonce && there.State == r.State
	r.Term, r.Instance = m.holder.Term, m.holder.Instance
	switch {
	case !mine:
		m.claimedBefore(*there)
	case r.State == store.Processing && m.runs[r.Key] == nil:
		run := &run{record: r}
		m.add(run, claimed)
		m.wanted(run, early)
		if there != nil {
			m.wanted(run, there.Cancel)
		}
		m.releaseIfOver(run)
	case r.State == store.Waiting:
		m.readDue()
	case r.State == store.Skipped && there == nil:
		m.act(outcome{r})
	}
}
