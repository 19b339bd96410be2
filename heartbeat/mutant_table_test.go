package heartbeat

import "github.com/understudy-go/understudy/internal/simulation"

type swap = simulation.Swap

// mutants are the protocol with one rule broken each.
var mutants = []simulation.Mutant{
	{Name: "lease counted from the acknowledgement", Swaps: []swap{
		{"beat.go", "renew(a.request.sent, a.at, m.timing.Lease())", "renew(a.request.sent, a.at, m.timing.Lease()+m.now-a.request.sent)"}}},
	{Name: "no margin", Swaps: []swap{
		{"beat.go", "renew(a.request.sent, a.at, m.timing.Lease())", "renew(a.request.sent, a.at, m.timing.OrphanAfter)"}}},
	{Name: "an acknowledgement after the lease's end revives it", Swaps: []swap{
		{"beat.go", "		if m.beats() {\n			m.extendLease(a)\n		}", "		m.extendLease(a)"},
		{"machine.go", "		m.retire(factLeaseLost, registry.LeaseLost, ErrLeaseLost, true)", ""},
		{"machine.go", "		m.retire(factLeaseLost, registry.LeaseLost, ErrLeaseLost, false)", "		m.stop(ErrLeaseLost, false)"}}},
	{Name: "a leaving instance beats on after its lease's end", Swaps: []swap{
		{"beat.go", "return m.registration.holdsLease(m.now) && m.tenure.work.running && !m.stuck()", "return m.registration.id != [16]byte{} && m.tenure.work.running && !m.stuck()"}}},
	{Name: "staleness by the registry's clock", Swaps: []swap{
		{"decide.go", "case now < s.observations.holder.orphanAt():", "case v.Holder != nil && s.registration.registryTime(now).Sub(v.Holder.Heartbeat) < v.Holder.OrphanAfter, v.Holder == nil && now < s.observations.holder.orphanAt():"}}},
	{Name: "staleness by comparing wall clocks", Swaps: []swap{
		{"decide.go", "case now < s.observations.holder.orphanAt():", "case v.Holder != nil && time.Unix(0, int64(now)).Sub(v.Holder.Heartbeat) < v.Holder.OrphanAfter, v.Holder == nil && now < s.observations.holder.orphanAt():"}}},
	{Name: "clamp by the observer's own interval", Swaps: []swap{
		{"observation.go", "o.since -= min(max(at.Sub(in.Heartbeat), 0), o.promise.Slack(), o.silence/20)", "o.since -= min(max(at.Sub(in.Heartbeat), 0), own.Slack())"}},
		Held: "the observer's own T counts where it is the longest, and its slack is small against that"},
	{Name: "clamp by a quarter of T", Swaps: []swap{
		{"observation.go", "o.since -= min(max(at.Sub(in.Heartbeat), 0), o.promise.Slack(), o.silence/20)", "o.since -= min(max(at.Sub(in.Heartbeat), 0), o.silence/4)"}}},
	{Name: "no clamp", Swaps: []swap{
		{"observation.go", "o.since -= min(max(at.Sub(in.Heartbeat), 0), o.promise.Slack(), o.silence/20)", "o.since -= at.Sub(in.Heartbeat)"}}},
	{Name: "T of the observer instead of the record's", Swaps: []swap{
		{"observation.go", "	o.silence = longest(own, in.OrphanAfter, t)", "	o.silence = own.OrphanAfter"}}},
	{Name: "r at the sending", Swaps: []swap{
		{"view.go", "m.observe(a.view, m.now)", "m.observe(a.view, a.request.sent)"}}},
	{Name: "beat as an upsert", Broken: string(beatUpserts)},
	{Name: "delete without the observed beat", Broken: string(deleteAnyBeat)},
	{Name: "same UUID after deletion", Swaps: []swap{
		{"registration.go", "	joinBy time.Duration //", "	first  uuid.UUID\n	joinBy time.Duration //"},
		{"beat.go", "in.ID, in.Schema = m.newID(), registry.Schema", "if m.registration.first == [16]byte{} {\n		m.registration.first = m.newID()\n	}\n	in.ID, in.Schema = m.registration.first, registry.Schema"},
		{"beat.go", "		// It may still be applied: the next attempt takes another UUID.", "		m.registration.first = [16]byte{}"}}},
	{Name: "registration retried under the same UUID", Swaps: []swap{
		{"registration.go", "	joinBy time.Duration //", "	first  uuid.UUID\n	joinBy time.Duration //"},
		{"beat.go", "in.ID, in.Schema = m.newID(), registry.Schema", "if m.registration.first == [16]byte{} {\n		m.registration.first = m.newID()\n	}\n	in.ID, in.Schema = m.registration.first, registry.Schema"},
		{"registration.go", "r.id, r.joinBy = id, 0", "r.id, r.joinBy, r.first = id, 0, uuid.Nil"}}},
	{Name: "lost answer of a term insert ignored", Swaps: []swap{
		{"registration.go", "	joinBy time.Duration //", "	lost   int64\n	joinBy time.Duration //"},
		{"promote.go", "	if a.err != nil && !taken {\n", "	if a.err != nil && !taken {\n		m.registration.lost, m.tenure.held.number = a.request.term.Number, 0\n"},
		{"view.go", "	d := decide(m.situation(), a.view, m.now)", "	d := decide(m.situation(), a.view, m.now)\n	if d.verdict == start && a.view.Latest.Number == m.registration.lost {\n		return\n	}"}}},
	{Name: "holder read before term", Broken: string(holderFirst), Rare: 4},
	{Name: "the two reads from different nodes", Broken: string(twoNodes)},
	{Name: "reads from a stale node while judging", Broken: string(staleNode)},
	{Name: "write concern 1", Broken: string(writeConcernOne)},
	{Name: "release before the work is gone", Swaps: []swap{
		{"leave.go", "	case m.tenure.work.running:\n", ""}}},
	{Name: "no lease check before starting work", Swaps: []swap{
		{"decide.go", "		if able {\n			return decision{verdict: start}\n		}", "		return decision{verdict: start}"}},
		Held: "a registration that may hold a term is given up when its lease runs short"},
	{Name: "no lease check before starting work, and an unproven term kept when the lease runs short", Swaps: []swap{
		{"decide.go", "		if able {\n			return decision{verdict: start}\n		}", "		return decision{verdict: start}"},
		{"machine.go", "	if m.phase == member && t.held.number > 0 && !t.held.due &&", "	if m.phase == member && t.work.term.Number > 0 && !t.held.due &&"}}},
	{Name: "monotonic clock that ignores suspend", Broken: string(clockIgnoresSuspend)},
	{Name: "terms deleted", Broken: string(termsDeleted)},
	{Name: "an unregistered holder taken for a vacancy", Swaps: []swap{
		{"observation.go", "		o.last = before.last\n	}\n	return o", "		o.last = before.last\n	}\n	o.since -= o.silence\n	return o"}}},
	{Name: "an unregistered holder silent since its last beat was seen", Swaps: []swap{
		{"observation.go", "	o := observation{id: t.Holder, missing: true, since: now, silence: longest(own, 0, &t)}", "	o := observation{id: t.Holder, missing: true, since: now, silence: longest(own, 0, &t)}\n	if before.id == t.Holder {\n		o.since = before.since\n	}"}}},
	{Name: "observations dropped when many", Swaps: []swap{
		{"observations.go", "	o.passives = known", "	if len(known) > 3 {\n		known = map[uuid.UUID]observation{}\n	}\n	o.passives = known"}}},
	{Name: "standing down only on a newer term", Swaps: []swap{
		{"decide.go", "		return decision{kill, factTermEnded}", "		return decision{verdict: nothing}"}}},
	{Name: "a holder that lost its lease beating on", Swaps: []swap{
		{"beat.go", "	return m.phase == member && !m.stuck()", "	return (m.phase == member || m.phase == retiring) && !m.stuck()"}}},
	{Name: "beats for work that will not die, when asked to hand over", Swaps: []swap{
		{"beat.go", "	return m.phase == member && !m.stuck()", "	return m.phase == member"}}},
	{Name: "beats for work that will not die, when told to leave", Swaps: []swap{
		{"beat.go", "m.tenure.work.running && !m.stuck()", "m.tenure.work.running"}}},
	{Name: "the one who handed over still counted as senior", Swaps: []swap{
		{"decide.go", "case !able || s.holdsOff(now):", "case !able:"}}},
	{Name: "holding off forgotten with the registration", Swaps: []swap{
		{"tenure.go", "t.held, t.work = heldTerm{}, work{}", "t.held, t.work, t.holdOff = heldTerm{}, work{}, holdOff{}"}}},
	{Name: "no tick at D − G", Swaps: []swap{
		{"machine.go", "	at(r.lease-m.timing.StopGrace, t.held.number > 0)\n", ""}}},
	{Name: "no tick when work that does not stop is killed", Swaps: []swap{
		{"machine.go", "	at(m.killed(), t.work.running && t.work.stopping)\n", ""}}},
	{Name: "work of this process killed at the end of its grace only", Swaps: []swap{
		{"tenure.go", "	return min(t.work.killAt, lease-timing.KillMargin())", "	return t.work.killAt"}}},
	{Name: "who was there for work that is done stays", Swaps: []swap{
		{"decide.go", "workDone(t) && (t.Number == s.observations.sawOpen || s.wasThere(*t, now)):", "workDone(t) && false:"}}},
	{Name: "who saw work that is done stays, unless it was registered before", Swaps: []swap{
		{"decide.go", "(t.Number == s.observations.sawOpen || s.wasThere(*t, now)):", "s.wasThere(*t, now):"}}},
	{Name: "who comes after work was done quits", Swaps: []swap{
		{"decide.go", "(t.Number == s.observations.sawOpen || s.wasThere(*t, now)):", "(true || s.wasThere(*t, now)):"}}},
	{Name: "T without the term's", Swaps: []swap{
		{"observation.go", "		recorded = max(recorded, t.OrphanAfter)", "		_ = t"}}},
	{Name: "a term begun although a record claims a later one", Swaps: []swap{
		{"promote.go", "case errors.Is(a.err, registry.ErrNoClaimant), a.err == nil && in.ID == m.registration.id:", "case errors.Is(a.err, registry.ErrNoClaimant), a.err == nil:"}}},
	{Name: "lost terms that keep what was resigned", Swaps: []swap{
		{"view.go", "			m.tenure.forgetTerms()\n", ""}}},
	{Name: "no beats while the work drains", Swaps: []swap{
		{"beat.go", "	return m.phase == member && !m.stuck()", "	return m.phase == member && !m.stuck() && !m.drain.on"}}},
	{Name: "a term released before its work is drained", Swaps: []swap{
		{"dispatch.go", "	case m.tenure.held.due:", "	case m.tenure.held.due, m.drain.on:"}}},
	{Name: "work that drains although the lease is over", Swaps: []swap{
		{"leave.go", "	ordered := m.cutDrain()\n	m.stop(cause, immediate)", "	var ordered orders\n	if !m.drain.on {\n		m.stop(cause, immediate)\n	}"}}},
	{Name: "a drain that goes on although the lease is over", Swaps: []swap{
		{"leave.go", "	ordered := m.cutDrain()", "	var ordered orders"}}},
	{Name: "the order to leave forgotten with a drain that the lease has cut", Swaps: []swap{
		{"leave.go", "	if ordered.leave {\n		m.leaveHurried()\n	}\n}\n\n// leave begins", "	_ = ordered\n}\n\n// leave begins"}}},
	{Name: "the order to leave forgotten with work that fails while it drains", Swaps: []swap{
		{"work.go", "	case e.result == failing && ordered.any():", "	case e.result == failing && ordered.handover:"},
		{"work.go", "	if ordered.leave {\n		m.leaveHurried()\n	}\n", ""}}},
	{Name: "work told to stop at once, although it is to drain", Swaps: []swap{
		{"order.go", "	return true\n", "	return false\n"}}},
	{Name: "a last will before the tree is dead", Broken: string(willBeforeTheTreeIsDead)},
	{Name: "a last will without the pidfd", Broken: string(willWithoutThePidfd)},
	{Name: "the init of a PID namespace without a parent-death signal", Broken: string(initOutlivesItsGuard)},
	{Name: "a last will that ends a later term", Broken: string(willEndsALaterTerm)},
	{Name: "a drain for each order", Swaps: []swap{
		{"order.go", "	if m.drain.on || !m.drainable", "	if !m.drainable"}}},
	{Name: "the end of an earlier drain taken for that of the present one", Rare: 4, Swaps: []swap{
		{"drain.go", "return d.on && d.number == number", "return d.on"}}},
	{Name: "rings before the write is acknowledged", Broken: string(ringsEarly)},
	{Name: "ring before the write is acknowledged and no view after it", Broken: string(ringsEarly), Swaps: []swap{
		{"view.go", "		reading.at(a.request.sent + m.observations.holder.promise.Slack())", "		reading.at(a.request.sent + 1000*m.observations.holder.promise.Slack())"}}},
	{Name: "for taken as an order", Swaps: []swap{
		{"listen.go", "	case e.who == uuid.Nil, e.who == m.registration.id:\n", "	case e.who == m.registration.id && m.observations.highest > 0 && m.phase == member && !m.tenure.active():\n		m.promote(&registry.Term{Number: m.observations.highest})\n	case e.who == uuid.Nil, e.who == m.registration.id:\n"},
		{"listen.go", "\"github.com/google/uuid\"\n", "\"github.com/google/uuid\"\n\n	\"github.com/understudy-go/understudy/registry\"\n"}}},
	{Name: "nobody is marked", Swaps: []swap{
		{"successor.go", "		s.mark = id\n	}\n}\n\n// want", "	}\n}\n\n// want"}}},
	{Name: "the successor is not searched again while the work goes on", Swaps: []swap{
		{"successor.go", "	s.next, s.rest = now+every, now+rest\n", "	s.next, s.rest = never, now+rest\n"}}},
	{Name: "the successor is searched seldom although the bell is not heard", Swaps: []swap{
		{"successor.go", "	if m.schedule.reading.watching && m.successor.id != uuid.Nil {\n", "	if true {\n"}}},
	{Name: "a notice does not have the successor searched", Swaps: []swap{
		{"listen.go", "	m.successor.mayHaveGone(m.now)\n}\n\n// partOf", "}\n\n// partOf"}}},
	{Name: "whoever has registered does not search for its place", Swaps: []swap{
		{"place.go", "	m.place.decided(t.Number)\n", "	m.place.decided(0)\n"}}},
	{Name: "the successor is not searched again before the end", Swaps: []swap{
		{"successor.go", "	m.successor.lookAgain(m.now)\n", ""}}},
	{Name: "the end names whom an earlier search has found", Swaps: []swap{
		{"successor.go", "	if s.known {\n", "	if s.id != uuid.Nil {\n"}}},
	{Name: "the process does not wait until the successor is marked", Swaps: []swap{
		{"leave.go", " && m.successor.mark == uuid.Nil {", " {"},
		{"schedule.go", "k.kind != kindEndTerm && !k.informsNext()", "k.kind != kindEndTerm"}}},
	{Name: "jitter without the senior's head start", Swaps: []swap{
		{"vacancy.go", "v.since + interval + partOf", "v.since + partOf"}}},
}
