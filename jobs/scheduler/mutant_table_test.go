package scheduler

import "github.com/understudy-go/understudy/internal/simulation"

type swap = simulation.Swap

// mutants are the scheduler with one rule broken each.
var mutants = []simulation.Mutant{
	{Name: "started on an ambiguous answer", Swaps: []swap{
		{"updates.go", "	case a.err != nil && !changed:\n", "	case a.err != nil && !changed && r.phase != taking:\n"},
		{"updates.go", "	if a.err != nil && (s == nil || s.State", "	if errors.Is(a.err, store.ErrChanged) && (s == nil || s.State"}}},
	{Name: "started on an ambiguous answer to a claim of slots", Swaps: []swap{
		{"step.go", "		case kindRun:\n			m.verify", "		case kindClaim:\n			m.claimAnswered(a.request.runs, make([]*store.Run, len(a.request.runs)))\n		case kindRun:\n			m.verify"}}},
	{Name: "finish without the term in its filter", Broken: string(updateAnyTerm)},
	{Name: "finish without the attempt in its filter", Broken: string(updateAnyAttempt)},
	{Name: "no seal at a takeover", Broken: string(noSeal)},
	{Name: "mark not monotone", Swaps: []swap{
		{"claims.go", "		if j.mark.After(j.record.Mark) {", "		if !j.mark.IsZero() {"}}},
	{Name: "mark moved before its slots are claimed", Swaps: []swap{
		{"claims.go", "	j.claiming, j.mark, j.replaced = true, p.mark, time.Time{}\n", "	j.claiming, j.mark, j.replaced = true, p.mark, time.Time{}\n	j.record.Mark = p.mark\n	m.reckonNext(j)\n	m.dirty(j)\n"}}},
	{Name: "pruned above the mark", Broken: string(pruneAboveMark)},
	{Name: "an edit keeps the mark", Swaps: []swap{
		{"records.go", "j.hash, now, now, false", "j.hash, now, map[bool]time.Time{true: now, false: r.Mark}[r.Mark.IsZero()], false"}}},
	{Name: "interruption counted as failure", Swaps: []swap{
		{"outcome.go", "		r.Interruptions++\n", "		r.Failures++\n"}}},
	{Name: "interruption not counted", Swaps: []swap{
		{"outcome.go", "		r.Interruptions++\n", ""}}},
	{Name: "an attempt that was not started counts", Swaps: []swap{
		{"outcome.go", "if e.unstarted {", "if e.unstarted && false {"}}},
	{Name: "overlap judged by memory alone", Swaps: []swap{
		{"retries.go", "slices.Sorted(maps.Keys(a.retrying))", "slices.Sorted(maps.Keys(map[string]string{}))"}}},
	{Name: "no check of the lease before a start", Swaps: []swap{
		{"attempts.go", "return m.local < m.lease-m.stopGrace", "return true"}}},
	{Name: "released before the runs are gone", Swaps: []swap{
		{"shutdown.go", "		if r.phase == running {\n			return false\n		}\n", "		_ = r\n"}}},
	{Name: "a claim that is not answered keeps no place", Swaps: []swap{
		{"claims.go", "		m.busy, j.busy = m.busy+1, j.busy+1 //", "		//"},
		{"claims.go", "			m.busy, j.busy = m.busy-1, j.busy-1\n", "			_ = j\n"}}},
	{Name: "drained while something runs", Swaps: []swap{
		{"shutdown.go", "return len(m.list) == len(m.untold()) && ", "return "}}},
	{Name: "started in a drain", Swaps: []swap{
		{"step.go", "	case draining:\n		m.finishClaims()", "	case draining:\n		m.work()\n		m.finishClaims()"},
		{"attempts.go", " || m.phase != working; over", "; over"}}},
	{Name: "closed before what follows is done", Swaps: []swap{
		{"outcome.go", "	r.Open = len(followers(d, s)) > 0 || d.OnFinish != \"\"\n", "	r.Open = false\n"}}},
	{Name: "what follows is done before the end is recorded", Swaps: []swap{
		{"follow.go", "		if r.phase != following {", "		if r.phase == recording && r.next.State.Ended() && r.next.Open {\n			for _, name := range followers(m.definition(r.record.Job), r.next.State) {\n				children = append(children, m.child(name, r.record))\n			}\n		}\n		if r.phase != following {"}}},
	{Name: "closed before somebody was told", Swaps: []swap{
		{"deliver.go", "	m.act(note{fact: factUntold, run: r.record, err: e.err})\n", "	m.close(r)\n"}}},
	{Name: "a child of a key of its own", Swaps: []swap{
		{"follow.go", "store.ChildID(parent.Key)", "store.ChildID(parent.Key) + m.newNonce().String()"}}},
	{Name: "a step of the clock is never followed", Swaps: []swap{
		{"clock.go", "c.agree < agreeingBeats", "c.agree > 0"}}},
	{Name: "the clock is that of the answer at the sending", Swaps: []swap{
		{"clock.go", "at-max(b.received, b.sent), at-b.sent", "at-b.sent, at-b.sent"}}},
	{Name: "a mark ahead is kept", Swaps: []swap{
		{"records.go", "r.Mark.After(now.Add(clockStep))", "r.Mark.After(now.Add(1e6*clockStep))"}},
		Held: "slots that come again are refused by their records; that schedules do not stand still has a test of its own"},
	{Name: "open runs read by a holder before are done with again", Swaps: []swap{
		{"takeover.go", "m.dropped[r.Key] || ", ""}},
		Held: "an update rests on the version of the record"},
	{Name: "pruned although it can come again", Swaps: []swap{
		{"prune.go", "m.now().Add(-max(m.minAge, d.Missed.Window))", "m.now()"}}},
	{Name: "the next runs of a job are kept whatever comes", Swaps: []swap{
		{"ahead.go", "		j.ahead = ahead{}\n	}\n	m.ahead, m.stale = m.ahead[:0], true\n", "		_ = j\n	}\n"}}},
	{Name: "what waited before the definition starts", Swaps: []swap{
		{"queue.go", "if why := m.outdated(j, r, now); why != \"\" {", "if why := m.outdated(j, r, now); why == \"never\" {"}}},
	{Name: "a slot replaces what somebody asked for", Swaps: []swap{
		{"overlap.go", "r.replaced.IsZero() && bySlotAlone(r.record) &&", "r.replaced.IsZero() &&"}}},
	{Name: "what somebody retried is overtaken by a slot", Swaps: []swap{
		{"overlap.go", "if !bySlotAlone(r) ||", "if r.Slot.IsZero() ||"}}},
	{Name: "runs of a job that is not in the file wait for ever", Swaps: []swap{
		{"step.go", "	m.readStrays()\n", ""}}},
	{Name: "runs of a job that just left the file are settled", Swaps: []swap{
		{"stray.go", "	before := m.now().Add(-patience)\n", "	before := m.now().Add(-0 * patience)\n"},
		{"stray.go", " || m.now().Sub(r.Due) < patience {", " || m.now().Sub(r.Due) < 0*patience {"}}},
	{Name: "a cancelled run is retried", Swaps: []swap{
		{"queue.go", "	if r.Cancel != nil { //", "	if r.Cancel != nil && r.Attempt == 0 { //"}}},
	{Name: "a seal that failed as a whole counts", Swaps: []swap{
		{"step.go", "|| k == kindRun && registry", "|| (k == kindRun || k == kindSeal) && registry"}}},
	{Name: "a run that could not be read once holds up nothing", Swaps: []swap{
		{"retries.go", "known.unread < maxUnread-1", "known.unread < 0"}}},
	{Name: "a will that goes by no version", Swaps: []swap{
		{"lastwill.go", "	if stored.Version() != (store.Version{State: store.Processing, Term: term, Attempt: l.Attempt}) || stored.Nonce != l.Nonce {\n", "	if false {\n"}}},
	{Name: "a will that writes over what the next active one recorded", Broken: string(willAnyTerm), Swaps: []swap{
		{"lastwill.go", "	if stored.Version() != (store.Version{State: store.Processing, Term: term, Attempt: l.Attempt}) || stored.Nonce != l.Nonce {\n", "	if stored.State == store.Processing && stored.Term == term {\n"}}},
	{Name: "nobody tells of what a will has recorded", Swaps: []swap{
		{"takeover.go", "	if byWill(r) || r.State", "	if r.State"}}},
	{Name: "a will before the run is gone", Broken: string(willBeforeGone)},
	{Name: "a drain waits for a store that takes no write", Swaps: []swap{
		{"step.go", " || m.local >= m.drainedBy", ""}}},
}
