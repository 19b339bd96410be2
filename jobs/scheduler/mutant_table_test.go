package scheduler

var mutants = []mutant{
	{name: "started on an ambiguous answer", swaps: []swap{
		{"updates.go", "	case a.err != nil && !changed:\n", "	case a.err != nil && !changed && r.phase != taking:\n"},
		{"updates.go", "	if a.err != nil && (s == nil || s.State", "	if errors.Is(a.err, store.ErrChanged) && (s == nil || s.State"}}},
	{name: "started on an ambiguous answer to a claim of slots", swaps: []swap{
		{"step.go", "		case kindRun:\n			m.verify", "		case kindClaim:\n			m.claimAnswered(a.request.runs, make([]*store.Run, len(a.request.runs)))\n		case kindRun:\n			m.verify"}}},
	{name: "finish without the term in its filter", broken: updateAnyTerm},
	{name: "finish without the attempt in its filter", broken: updateAnyAttempt},
	{name: "no seal at a takeover", broken: noSeal},
	{name: "mark not monotone", swaps: []swap{
		{"claims.go", "		if j.mark.After(j.record.Mark) {", "		if !j.mark.IsZero() {"}}},
	{name: "mark moved before its slots are claimed", swaps: []swap{
		{"claims.go", "	j.claiming, j.mark, j.replaced = true, p.mark, time.Time{}\n", "	j.claiming, j.mark, j.replaced = true, p.mark, time.Time{}\n	j.record.Mark = p.mark\n	m.reckonNext(j)\n	m.dirty(j)\n"}}},
	{name: "pruned above the mark", broken: pruneAboveMark},
	{name: "an edit keeps the mark", swaps: []swap{
		{"records.go", "j.hash, now, now, false", "j.hash, now, map[bool]time.Time{true: now, false: r.Mark}[r.Mark.IsZero()], false"}}},
	{name: "interruption counted as failure", swaps: []swap{
		{"outcome.go", "		r.Interruptions++\n", "		r.Failures++\n"}}},
	{name: "interruption not counted", swaps: []swap{
		{"outcome.go", "		r.Interruptions++\n", ""}}},
	{name: "an attempt that was not started counts", swaps: []swap{
		{"outcome.go", "if e.unstarted {", "if e.unstarted && false {"}}},
	{name: "overlap judged by memory alone", swaps: []swap{
		{"retries.go", "slices.Sorted(maps.Keys(a.retrying))", "slices.Sorted(maps.Keys(map[string]string{}))"}}},
	{name: "no check of the lease before a start", swaps: []swap{
		{"attempts.go", "return m.local < m.lease-m.stopGrace", "return true"}}},
	{name: "released before the runs are gone", swaps: []swap{
		{"shutdown.go", "		if r.phase == running {\n			return false\n		}\n", "		_ = r\n"}}},
	{name: "a claim that is not answered keeps no place", swaps: []swap{
		{"claims.go", "		m.busy, j.busy = m.busy+1, j.busy+1 //", "		//"},
		{"claims.go", "			m.busy, j.busy = m.busy-1, j.busy-1\n", "			_ = j\n"}}},
	{name: "drained while something runs", swaps: []swap{
		{"shutdown.go", "return len(m.list) == len(m.untold()) && ", "return "}}},
	{name: "started in a drain", swaps: []swap{
		{"step.go", "	case draining:\n		m.finishClaims()", "	case draining:\n		m.work()\n		m.finishClaims()"},
		{"attempts.go", " || m.phase != working; over", "; over"}}},
	{name: "closed before what follows is done", swaps: []swap{
		{"outcome.go", "	r.Open = len(followers(d, s)) > 0 || d.OnFinish != \"\"\n", "	r.Open = false\n"}}},
	{name: "what follows is done before the end is recorded", swaps: []swap{
		{"follow.go", "		if r.phase != following {", "		if r.phase == recording && r.next.State.Ended() && r.next.Open {\n			for _, name := range followers(m.definition(r.record.Job), r.next.State) {\n				children = append(children, m.child(name, r.record))\n			}\n		}\n		if r.phase != following {"}}},
	{name: "closed before somebody was told", swaps: []swap{
		{"deliver.go", "	m.act(note{fact: factUntold, run: r.record, err: e.err})\n", "	m.close(r)\n"}}},
	{name: "a child of a key of its own", swaps: []swap{
		{"follow.go", "store.ChildID(parent.Key)", "store.ChildID(parent.Key) + m.newNonce().String()"}}},
	{name: "a step of the clock is never followed", swaps: []swap{
		{"clock.go", "c.agree < agreeingBeats", "c.agree > 0"}}},
	{name: "the clock is that of the answer at the sending", swaps: []swap{
		{"clock.go", "at-max(b.received, b.sent), at-b.sent", "at-b.sent, at-b.sent"}}},
	{name: "a mark ahead is kept", swaps: []swap{
		{"records.go", "r.Mark.After(now.Add(clockStep))", "r.Mark.After(now.Add(1e6*clockStep))"}},
		held: "slots that come again are refused by their records; that schedules do not stand still has a test of its own"},
	{name: "open runs read by a holder before are done with again", swaps: []swap{
		{"takeover.go", "m.dropped[r.Key] || ", ""}},
		held: "an update rests on the version of the record"},
	{name: "pruned although it can come again", swaps: []swap{
		{"prune.go", "m.now().Add(-max(m.minAge, d.Missed.Window))", "m.now()"}}},
	{name: "the next runs of a job are kept whatever comes", swaps: []swap{
		{"ahead.go", "		j.ahead = ahead{}\n	}\n	m.ahead, m.stale = m.ahead[:0], true\n", "		_ = j\n	}\n"}}},
	{name: "what waited before the definition starts", swaps: []swap{
		{"queue.go", "if why := m.outdated(j, r, now); why != \"\" {", "if why := m.outdated(j, r, now); why == \"never\" {"}}},
	{name: "a slot replaces what somebody asked for", swaps: []swap{
		{"overlap.go", "r.replaced.IsZero() && bySlotAlone(r.record) &&", "r.replaced.IsZero() &&"}}},
	{name: "what somebody retried is overtaken by a slot", swaps: []swap{
		{"overlap.go", "if !bySlotAlone(r) ||", "if r.Slot.IsZero() ||"}}},
	{name: "runs of a job that is not in the file wait for ever", swaps: []swap{
		{"step.go", "	m.readStrays()\n", ""}}},
	{name: "runs of a job that just left the file are settled", swaps: []swap{
		{"stray.go", "	before := m.now().Add(-patience)\n", "	before := m.now().Add(-0 * patience)\n"},
		{"stray.go", " || m.now().Sub(r.Due) < patience:", " || m.now().Sub(r.Due) < 0*patience:"}}},
	{name: "a cancelled run is retried", swaps: []swap{
		{"queue.go", "	if r.Cancel != nil { //", "	if r.Cancel != nil && r.Attempt == 0 { //"}}},
	{name: "a seal that failed as a whole counts", swaps: []swap{
		{"step.go", "|| k == kindRun && registry", "|| (k == kindRun || k == kindSeal) && registry"}}},
	{name: "a run that could not be read once holds up nothing", swaps: []swap{
		{"retries.go", "known.unread < maxUnread-1", "known.unread < 0"}}},
	{name: "a drain waits for a store that takes no write", swaps: []swap{
		{"step.go", " || m.local >= m.drainedBy", ""}}},
}
