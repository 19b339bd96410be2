package heartbeat

var mutants = []mutant{
	{name: "lease counted from the acknowledgement", swaps: []swap{
		{"beat.go", "renew(a.request.sent, a.at, m.timing.Lease())", "renew(a.request.sent, a.at, m.timing.Lease()+m.now-a.request.sent)"}}},
	{name: "no margin", swaps: []swap{
		{"beat.go", "renew(a.request.sent, a.at, m.timing.Lease())", "renew(a.request.sent, a.at, m.timing.OrphanAfter)"}}},
	{name: "an acknowledgement after the lease's end revives it", swaps: []swap{
		{"beat.go", "		if m.beats() {\n			m.extendLease(a)\n		}", "		m.extendLease(a)"},
		{"machine.go", "		m.retire(factLeaseLost, registry.LeaseLost, ErrLeaseLost, true)", ""},
		{"machine.go", "		m.retire(factLeaseLost, registry.LeaseLost, ErrLeaseLost, false)", "		m.stop(ErrLeaseLost, false)"}}},
	{name: "a leaving instance beats on after its lease's end", swaps: []swap{
		{"beat.go", "return m.registration.holdsLease(m.now) && m.tenure.work.running && !m.stuck()", "return m.registration.id != [16]byte{} && m.tenure.work.running && !m.stuck()"}}},
	{name: "staleness by the registry's clock", swaps: []swap{
		{"decide.go", "case now < s.observations.holder.orphanAt():", "case v.Holder != nil && s.registration.registryTime(now).Sub(v.Holder.Heartbeat) < v.Holder.OrphanAfter, v.Holder == nil && now < s.observations.holder.orphanAt():"}}},
	{name: "staleness by comparing wall clocks", swaps: []swap{
		{"decide.go", "case now < s.observations.holder.orphanAt():", "case v.Holder != nil && time.Unix(0, int64(now)).Sub(v.Holder.Heartbeat) < v.Holder.OrphanAfter, v.Holder == nil && now < s.observations.holder.orphanAt():"}}},
	{name: "clamp by the observer's own interval", swaps: []swap{
		{"observation.go", "o.since -= min(max(at.Sub(in.Heartbeat), 0), o.promise.Slack(), o.silence/20)", "o.since -= min(max(at.Sub(in.Heartbeat), 0), own.Slack())"}},
		held: "the observer's own T counts where it is the longest, and its slack is small against that"},
	{name: "clamp by a quarter of T", swaps: []swap{
		{"observation.go", "o.since -= min(max(at.Sub(in.Heartbeat), 0), o.promise.Slack(), o.silence/20)", "o.since -= min(max(at.Sub(in.Heartbeat), 0), o.silence/4)"}}},
	{name: "no clamp", swaps: []swap{
		{"observation.go", "o.since -= min(max(at.Sub(in.Heartbeat), 0), o.promise.Slack(), o.silence/20)", "o.since -= at.Sub(in.Heartbeat)"}}},
	{name: "T of the observer instead of the record's", swaps: []swap{
		{"observation.go", "	o.silence = longest(own, in.OrphanAfter, t)", "	o.silence = own.OrphanAfter"}}},
	{name: "r at the sending", swaps: []swap{
		{"view.go", "m.observe(a.view, m.now)", "m.observe(a.view, a.request.sent)"}}},
	{name: "beat as an upsert", broken: beatUpserts},
	{name: "delete without the observed beat", broken: deleteAnyBeat},
	{name: "same UUID after deletion", swaps: []swap{
		{"registration.go", "	joinBy time.Duration //", "	first  uuid.UUID\n	joinBy time.Duration //"},
		{"beat.go", "in.ID, in.Schema = m.newID(), registry.Schema", "if m.registration.first == [16]byte{} {\n		m.registration.first = m.newID()\n	}\n	in.ID, in.Schema = m.registration.first, registry.Schema"},
		{"beat.go", "		// It may still be applied: the next attempt takes another UUID.", "		m.registration.first = [16]byte{}"}}},
	{name: "registration retried under the same UUID", swaps: []swap{
		{"registration.go", "	joinBy time.Duration //", "	first  uuid.UUID\n	joinBy time.Duration //"},
		{"beat.go", "in.ID, in.Schema = m.newID(), registry.Schema", "if m.registration.first == [16]byte{} {\n		m.registration.first = m.newID()\n	}\n	in.ID, in.Schema = m.registration.first, registry.Schema"},
		{"registration.go", "r.id, r.joinBy = id, 0", "r.id, r.joinBy, r.first = id, 0, uuid.Nil"}}},
	{name: "lost answer of a term insert ignored", swaps: []swap{
		{"registration.go", "	joinBy time.Duration //", "	lost   int64\n	joinBy time.Duration //"},
		{"promote.go", "		m.pause(0)\n	}\n}\n\n// reportUnseen", "		m.pause(0)\n	default:\n		m.registration.lost, m.tenure.held.number = a.request.term.Number, 0\n	}\n}\n\n// reportUnseen"},
		{"view.go", "	d := decide(m.situation(), a.view, m.now)", "	d := decide(m.situation(), a.view, m.now)\n	if d.verdict == start && a.view.Latest.Number == m.registration.lost {\n		return\n	}"}}},
	{name: "holder read before term", broken: holderFirst},
	{name: "the two reads from different nodes", broken: twoNodes},
	{name: "reads from a stale node while judging", broken: staleNode},
	{name: "write concern 1", broken: writeConcernOne},
	{name: "release before the work is gone", swaps: []swap{
		{"leave.go", "	case m.tenure.work.running:\n", ""}}},
	{name: "no lease check before starting work", swaps: []swap{
		{"decide.go", "		if able {\n			return decision{verdict: start}\n		}", "		return decision{verdict: start}"}},
		held: "a registration that may hold a term is given up when its lease runs short"},
	{name: "no lease check before starting work, and an unproven term kept when the lease runs short", swaps: []swap{
		{"decide.go", "		if able {\n			return decision{verdict: start}\n		}", "		return decision{verdict: start}"},
		{"machine.go", "	if m.phase == member && t.held.number > 0 && !t.held.due &&", "	if m.phase == member && t.work.term.Number > 0 && !t.held.due &&"}}},
	{name: "monotonic clock that ignores suspend", broken: clockIgnoresSuspend},
	{name: "terms deleted", broken: termsDeleted},
	{name: "an unregistered holder taken for a vacancy", swaps: []swap{
		{"observation.go", "		o.last = before.last\n	}\n	return o", "		o.last = before.last\n	}\n	o.since -= o.silence\n	return o"}}},
	{name: "an unregistered holder silent since its last beat was seen", swaps: []swap{
		{"observation.go", "	o := observation{id: t.Holder, missing: true, since: now, silence: longest(own, 0, &t)}", "	o := observation{id: t.Holder, missing: true, since: now, silence: longest(own, 0, &t)}\n	if before.id == t.Holder {\n		o.since = before.since\n	}"}}},
	{name: "observations dropped when many", swaps: []swap{
		{"observations.go", "	o.passives = known", "	if len(known) > 3 {\n		known = map[uuid.UUID]observation{}\n	}\n	o.passives = known"}}},
	{name: "standing down only on a newer term", swaps: []swap{
		{"decide.go", "		return decision{kill, factTermEnded}", "		return decision{verdict: nothing}"}}},
	{name: "a holder that lost its lease beating on", swaps: []swap{
		{"beat.go", "	return m.phase == member && !m.stuck()", "	return (m.phase == member || m.phase == retiring) && !m.stuck()"}}},
	{name: "beats for work that will not die, when asked to hand over", swaps: []swap{
		{"beat.go", "	return m.phase == member && !m.stuck()", "	return m.phase == member"}}},
	{name: "beats for work that will not die, when told to leave", swaps: []swap{
		{"beat.go", "m.tenure.work.running && !m.stuck()", "m.tenure.work.running"}}},
	{name: "the one who handed over still counted as senior", swaps: []swap{
		{"decide.go", "case !able || s.holdsOff(now):", "case !able:"}}},
	{name: "holding off forgotten with the registration", swaps: []swap{
		{"tenure.go", "t.held, t.work = heldTerm{}, work{}", "t.held, t.work, t.holdOff = heldTerm{}, work{}, holdOff{}"}}},
	{name: "no tick at D − G", swaps: []swap{
		{"machine.go", "	at(r.lease-m.timing.StopGrace, t.held.number > 0)\n", ""}}},
	{name: "no tick when work that does not stop is killed", swaps: []swap{
		{"machine.go", "	at(m.killed(), t.work.running && t.work.stopping)\n", ""}}},
	{name: "work of this process killed at the end of its grace only", swaps: []swap{
		{"tenure.go", "	return min(t.work.killAt, lease-timing.KillMargin())", "	return t.work.killAt"}}},
	{name: "who was there for work that is done stays", swaps: []swap{
		{"decide.go", "workDone(t) && (t.Number == s.observations.sawOpen || s.wasThere(*t, now)):", "workDone(t) && false:"}}},
	{name: "who saw work that is done stays, unless it was registered before", swaps: []swap{
		{"decide.go", "(t.Number == s.observations.sawOpen || s.wasThere(*t, now)):", "s.wasThere(*t, now):"}}},
	{name: "who comes after work was done quits", swaps: []swap{
		{"decide.go", "(t.Number == s.observations.sawOpen || s.wasThere(*t, now)):", "(true || s.wasThere(*t, now)):"}}},
	{name: "T without the term's", swaps: []swap{
		{"observation.go", "		recorded = max(recorded, t.OrphanAfter)", "		_ = t"}}},
	{name: "a term begun although a record claims a later one", swaps: []swap{
		{"promote.go", "case errors.Is(a.err, registry.ErrNoClaimant), a.err == nil && in.ID == m.registration.id:", "case errors.Is(a.err, registry.ErrNoClaimant), a.err == nil:"}}},
	{name: "lost terms that keep what was resigned", swaps: []swap{
		{"view.go", "			m.tenure.forgetTerms()\n", ""}}},
	{name: "no beats while the work drains", swaps: []swap{
		{"beat.go", "	return m.phase == member && !m.stuck()", "	return m.phase == member && !m.stuck() && !m.drain.on"}}},
	{name: "a term released before its work is drained", swaps: []swap{
		{"dispatch.go", "	case m.tenure.held.due:", "	case m.tenure.held.due, m.drain.on:"}}},
	{name: "work that drains although the lease is over", swaps: []swap{
		{"leave.go", "	ordered := m.cutDrain()\n	m.stop(cause, immediate)", "	var ordered orders\n	if !m.drain.on {\n		m.stop(cause, immediate)\n	}"}}},
	{name: "a drain that goes on although the lease is over", swaps: []swap{
		{"leave.go", "	ordered := m.cutDrain()", "	var ordered orders"}}},
	{name: "the order to leave forgotten with a drain that the lease has cut", swaps: []swap{
		{"leave.go", "	if ordered.leave {\n		m.leaveHurried()\n	}\n}\n\n// leave begins", "	_ = ordered\n}\n\n// leave begins"}}},
	{name: "the order to leave forgotten with work that fails while it drains", swaps: []swap{
		{"work.go", "	case e.result == failing && ordered.any():", "	case e.result == failing && ordered.handover:"},
		{"work.go", "	if ordered.leave {\n		m.leaveHurried()\n	}\n", ""}}},
	{name: "work told to stop at once, although it is to drain", swaps: []swap{
		{"order.go", "	return true\n", "	return false\n"}}},
	{name: "a drain for each order", swaps: []swap{
		{"order.go", "	if m.drain.on || !m.drainable", "	if !m.drainable"}}},
	{name: "the end of an earlier drain taken for that of the present one", swaps: []swap{
		{"drain.go", "return d.on && d.number == number", "return d.on"}}},
}
