package heartbeat

var mutants = []mutant{
	{name: "lease counted from the acknowledgement", swaps: []swap{
		{"beat.go", "until := a.call.sent + m.timing.Lease()", "until := m.now + m.timing.Lease()"}}},
	{name: "no margin", swaps: []swap{
		{"beat.go", "until := a.call.sent + m.timing.Lease()", "until := a.call.sent + m.timing.OrphanAfter"}}},
	{name: "an acknowledgement after the lease's end revives it", swaps: []swap{
		{"beat.go", "		if m.beats() {\n			m.renew(a)\n		}", "		m.renew(a)"},
		{"machine.go", "		m.retire(factLeaseLost, registry.LeaseLost, ErrLeaseLost, true)", ""},
		{"machine.go", "		m.retire(factLeaseLost, registry.LeaseLost, ErrLeaseLost, false)", "		m.stop(ErrLeaseLost, false)"}}},
	{name: "a leaving instance beats on after its lease's end", swaps: []swap{
		{"beat.go", "return !m.spent && m.id != uuid.Nil && m.work.running && m.now < m.lease && !m.stuck()", "return m.id != uuid.Nil && m.work.running && !m.stuck()"}}},
	{name: "staleness by the registry's clock", swaps: []swap{
		{"decide.go", "case now < p.orphanAt:", "case v.Holder != nil && p.clock.Sub(v.Holder.Heartbeat) < v.Holder.OrphanAfter, v.Holder == nil && now < p.orphanAt:"}}},
	{name: "staleness by comparing wall clocks", swaps: []swap{
		{"decide.go", "case now < p.orphanAt:", "case v.Holder != nil && time.Unix(0, int64(now)).Sub(v.Holder.Heartbeat) < v.Holder.OrphanAfter, v.Holder == nil && now < p.orphanAt:"}}},
	{name: "clamp by the observer's own interval", swaps: []swap{
		{"sighting.go", "s.since -= min(max(at.Sub(in.Heartbeat), 0), s.promise.Slack(), s.silence/20)", "s.since -= min(max(at.Sub(in.Heartbeat), 0), own.Slack())"}},
		held: "the observer's own T counts where it is the longest, and its slack is small against that"},
	{name: "clamp by a quarter of T", swaps: []swap{
		{"sighting.go", "s.since -= min(max(at.Sub(in.Heartbeat), 0), s.promise.Slack(), s.silence/20)", "s.since -= min(max(at.Sub(in.Heartbeat), 0), s.silence/4)"}}},
	{name: "no clamp", swaps: []swap{
		{"sighting.go", "s.since -= min(max(at.Sub(in.Heartbeat), 0), s.promise.Slack(), s.silence/20)", "s.since -= at.Sub(in.Heartbeat)"}}},
	{name: "T of the observer instead of the record's", swaps: []swap{
		{"sighting.go", "	s.silence = longest(own, in.OrphanAfter, t)", "	s.silence = own.OrphanAfter"}}},
	{name: "r at the sending", swaps: []swap{
		{"view.go", "beats := m.look(a.view)", "now := m.now\n	m.now = a.call.sent\n	beats := m.look(a.view)\n	m.now = now"}}},
	{name: "beat as an upsert", broken: beatUpserts},
	{name: "delete without the observed beat", broken: deleteAnyBeat},
	{name: "same UUID after deletion", swaps: []swap{
		{"machine.go", "	joinBy     time.Duration", "	first     uuid.UUID\n	joinBy     time.Duration"},
		{"beat.go", "in.ID, in.Schema = m.newID(), registry.Schema", "if m.first == uuid.Nil {\n		m.first = m.newID()\n	}\n	in.ID, in.Schema = m.first, registry.Schema"},
		{"beat.go", "		// It may be applied yet: the next attempt takes another UUID.", "		m.first = uuid.Nil"}}},
	{name: "registration retried under the same UUID", swaps: []swap{
		{"machine.go", "	joinBy     time.Duration", "	first     uuid.UUID\n	joinBy     time.Duration"},
		{"beat.go", "in.ID, in.Schema = m.newID(), registry.Schema", "if m.first == uuid.Nil {\n		m.first = m.newID()\n	}\n	in.ID, in.Schema = m.first, registry.Schema"},
		{"beat.go", "m.id, m.joinBy = a.call.id, 0", "m.id, m.joinBy, m.first = a.call.id, 0, uuid.Nil"}}},
	{name: "lost answer of a term insert ignored", swaps: []swap{
		{"machine.go", "	joinBy     time.Duration", "	lost      int64\n	joinBy     time.Duration"},
		{"promote.go", "	default:\n		m.later(a.call)\n	}\n}\n\n// tellUnseen", "	default:\n		m.lost, m.duty.number = a.call.term.Number, 0\n		m.later(a.call)\n	}\n}\n\n// tellUnseen"},
		{"view.go", "	d := decide(m.position(), a.view, m.now)", "	d := decide(m.position(), a.view, m.now)\n	if d.verdict == start && a.view.Latest.Number == m.lost {\n		return\n	}"}}},
	{name: "holder read before term", broken: holderFirst, held: "a missing holder counts as silent since the first view that did not find it"},
	{name: "the two reads from different nodes", broken: twoNodes},
	{name: "reads from a stale node while judging", broken: staleNode},
	{name: "write concern 1", broken: writeConcernOne},
	{name: "release before the work is gone", swaps: []swap{
		{"parting.go", "	case m.work.running:\n", ""}}},
	{name: "no lease check before starting work", swaps: []swap{
		{"decide.go", "		if able {\n			return decision{verdict: start}\n		}", "		return decision{verdict: start}"}},
		held: "a registration that may hold a term is given up when its lease runs short"},
	{name: "no lease check before starting work, and an unproven term kept when the lease runs short", swaps: []swap{
		{"decide.go", "		if able {\n			return decision{verdict: start}\n		}", "		return decision{verdict: start}"},
		{"machine.go", "	if m.phase == member && m.duty.number > 0 && !m.duty.due &&", "	if m.phase == member && m.work.term.Number > 0 && !m.duty.due &&"}}},
	{name: "monotonic clock that ignores suspend", broken: clockIgnoresSuspend},
	{name: "terms deleted", broken: termsDeleted},
	{name: "an unregistered holder taken for a vacancy", swaps: []swap{
		{"sighting.go", "		s.last = before.last\n	}\n	return s", "		s.last = before.last\n	}\n	s.since -= s.silence\n	return s"}}},
	{name: "an unregistered holder silent since its last beat was seen", swaps: []swap{
		{"sighting.go", "	s := sighting{id: t.Holder, missing: true, since: now, silence: longest(own, 0, &t)}", "	s := sighting{id: t.Holder, missing: true, since: now, silence: longest(own, 0, &t)}\n	if before.id == t.Holder {\n		s.since = before.since\n	}"}}},
	{name: "observations dropped when many", swaps: []swap{
		{"sweep.go", "	m.passives = silent", "	if len(silent) > 3 {\n		silent = map[uuid.UUID]sighting{}\n	}\n	m.passives = silent"}}},
	{name: "standing down only on a newer term", swaps: []swap{
		{"decide.go", "		return decision{kill, factTermEnded}", "		return decision{verdict: nothing}"}}},
	{name: "a holder that lost its lease beating on", swaps: []swap{
		{"beat.go", "	return m.phase == member && !m.stuck()", "	return (m.phase == member || m.phase == retiring) && !m.stuck()"}}},
	{name: "beats for work that will not die, when asked to hand over", swaps: []swap{
		{"beat.go", "	return m.phase == member && !m.stuck()", "	return m.phase == member"}}},
	{name: "beats for work that will not die, when told to leave", swaps: []swap{
		{"beat.go", "m.work.running && m.now < m.lease && !m.stuck()", "m.work.running && m.now < m.lease"}}},
	{name: "the one who handed over still counted as senior", swaps: []swap{
		{"view.go", "holdingOff: m.holdsOff()", "holdingOff: false"}}},
	{name: "holding off forgotten with the registration", swaps: []swap{
		{"parting.go", "	m.duty, m.work = duty{}, workState{}\n	m.vacancy", "	m.duty, m.work, m.off = duty{}, workState{}, holdOff{}\n	m.vacancy"}}},
	{name: "no tick at D − G", swaps: []swap{
		{"machine.go", "	at(m.lease-m.timing.StopGrace, m.duty.number > 0)\n", ""}}},
	{name: "no tick when work that does not stop is killed", swaps: []swap{
		{"machine.go", "	at(m.killed(), m.work.running && m.work.stopping)\n", ""}}},
	{name: "work of this process killed at the end of its grace only", swaps: []swap{
		{"work.go", "	return min(m.work.killAt, m.lease-m.timing.KillMargin())", "	return m.work.killAt"}}},
	{name: "who was there for work that is done stays", swaps: []swap{
		{"decide.go", "registry.WorkDone && (t.Number == p.sawOpen || p.wasThere(*t)):", "registry.WorkDone && false:"}}},
	{name: "who saw work that is done stays, unless it was registered before", swaps: []swap{
		{"decide.go", "(t.Number == p.sawOpen || p.wasThere(*t)):", "p.wasThere(*t):"}}},
	{name: "who comes after work was done quits", swaps: []swap{
		{"decide.go", "(t.Number == p.sawOpen || p.wasThere(*t)):", "(true || p.wasThere(*t)):"}}},
	{name: "T without the term's", swaps: []swap{
		{"sighting.go", "		recorded = max(recorded, t.OrphanAfter)", "		_ = t"}}},
	{name: "a term begun whoever claims a later one", swaps: []swap{
		{"promote.go", "case errors.Is(a.err, registry.ErrNoClaimant), a.err == nil && in.ID == m.id:", "case errors.Is(a.err, registry.ErrNoClaimant), a.err == nil:"}}},
	{name: "lost terms that keep what was resigned", swaps: []swap{
		{"view.go", "m.highest, m.past, m.resigned, m.sawOpen = unseen, 0, 0, 0", "m.highest, m.past, m.sawOpen = unseen, 0, 0"}}},
}
