package scheduler

import (
	"fmt"
	"time"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

// claimSlots claims the slots of all jobs that have come.
func (m *machine) claimSlots() {
	c := m.calls.of(kindClaim)
	if !c.ready(m.local) {
		return
	}
	if m.claim == nil && m.clock.settled() {
		now := m.now()
		for _, name := range m.names() {
			j := m.jobs[name]
			ready := j.defined && j.known && j.stored == j.record.Hash && j.record.Paused == nil
			if ready && !j.nextSlot.IsZero() && !j.nextSlot.After(now) && len(m.claim) < store.MaxPage {
				m.plan(j, now)
			}
		}
	}
	if len(m.claim) > 0 {
		c.begin()
		m.act(request{kind: kindClaim, runs: m.claim})
	}
}

// plan decides about the slots of a job that have come.
func (m *machine) plan(j *job, now time.Time) {
	p := slotPlan{mark: j.record.Mark}
	if resumed := j.record.Resumed; resumed.After(p.mark) {
		for slot := j.nextSlot; !slot.IsZero() && !slot.After(resumed); slot = j.Next(slot) {
			p.left.add(slot)
			p.mark = slot
		}
	}
	rest := planSlots(j.Definition, j.Next, p.mark, now)
	skipped := p.left
	j.plan, j.claiming = rest, true
	if skipped.count > 0 {
		m.claim = append(m.claim, m.summary(j, skipped, now, "while the job was paused"))
	}
	if rest.left.count > 0 {
		m.claim = append(m.claim, m.summary(j, rest.left, now, "that nobody started in time"))
	}
	for _, slot := range rest.missed {
		m.claim = append(m.claim, m.waiting(j, slot, now))
	}
	m.claimOnTime(j, rest, now)
}

// claimOnTime decides about the slots of a job that are on time.
func (m *machine) claimOnTime(j *job, p slotPlan, now time.Time) {
	busy := m.unfinished(j.Name)
	for i, slot := range p.onTime {
		r := m.waiting(j, slot, now)
		switch latest := i == len(p.onTime)-1; {
		case j.Overlap == jobs.OverlapReplace && !latest:
			r = m.skip(r, now, "the next slot replaces it")
		case j.Overlap == jobs.OverlapReplace && busy != nil:
			m.replace(j.Name, slot)
		case j.Overlap == jobs.OverlapSkip && busy != nil && j.Missed.Policy != jobs.MissedAll:
			r = m.skip(r, now, fmt.Sprintf("run %s had not ended", busy.record.Key))
		case m.free() > m.claiming() && (j.allows() || busy == nil && i == 0 && len(p.missed) == 0):
			r = m.begin(r, now)
		}
		m.claim = append(m.claim, r)
	}
}

// waiting returns the record of a run of a slot that waits.
func (m *machine) waiting(j *job, slot, now time.Time) store.Run {
	return store.Run{
		Key:     store.Key{Group: m.holder.Group, Job: j.Name, Run: store.SlotID(slot)},
		Trigger: store.BySchedule, Slot: slot, At: now, Due: slot, Priority: j.Priority,
		State: store.Waiting, Open: true, Nonce: m.newNonce(),
	}
}

// begin returns the record of a run whose next attempt this holder claims.
func (m *machine) begin(r store.Run, now time.Time) store.Run {
	r.State, r.Open, r.Nonce, r.Remark = store.Processing, true, m.newNonce(), ""
	r.Attempt++
	r.Attempts = append(r.Attempts[:len(r.Attempts):len(r.Attempts)], store.Attempt{
		Number: r.Attempt, Instance: m.holder.Instance, Host: m.host, Term: m.holder.Term, From: now,
	})
	return r
}

// skip returns the record of a run that is never started.
func (m *machine) skip(r store.Run, now time.Time, why string) store.Run {
	r.State, r.Open, r.EndedAt, r.Remark = store.Skipped, false, now, why
	return r
}

// summary returns the record that stands for the slots that are left out. It has the key
// of the last of them.
func (m *machine) summary(j *job, l leftOut, now time.Time, why string) store.Run {
	text := fmt.Sprintf("slot %s, %s", l.last.Format(time.RFC3339), why)
	if l.count > 1 {
		more := ""
		if l.more {
			more = "more than "
		}
		text = fmt.Sprintf("%s%d slots from %s to %s, %s", more, l.count, l.first.Format(time.RFC3339), l.last.Format(time.RFC3339), why)
	}
	return m.skip(m.waiting(j, l.last, now), now, text)
}

// claiming returns how many runs are being claimed to be started.
func (m *machine) claiming() (n int) {
	for _, r := range m.claim {
		if r.State == store.Processing {
			n++
		}
	}
	return n
}

// claimedRuns takes the answer to a claim.
func (m *machine) claimedRuns(runs []store.Run, there []*store.Run) {
	m.claim = nil
	for i, r := range runs {
		m.claimedRun(r, there[i])
	}
	for _, name := range m.names() {
		if j := m.jobs[name]; j.claiming {
			j.claiming = false
			if j.plan.mark.After(j.record.Mark) { // no new definition has set it meanwhile
				j.record.Mark, j.dirty = j.plan.mark, true
				j.reckonNext()
			}
		}
	}
}

// claimedRun takes the answer to the claim of a run. A record that is there with the nonce
// is this very claim, which got no answer before.
func (m *machine) claimedRun(r store.Run, there *store.Run) {
	mine := there == nil || there.Term == m.holder.Term && there.Nonce == r.Nonce
	r.Term, r.Instance = m.holder.Term, m.holder.Instance
	switch {
	case !mine && there.State == store.Processing && there.Term < m.holder.Term:
		m.interrupted(*there)
	case mine && r.State == store.Processing:
		m.runs[r.Key] = &run{record: r, phase: claimed}
	case mine && r.State == store.Waiting:
		m.calls.of(kindDue).wanted = true
	}
}
