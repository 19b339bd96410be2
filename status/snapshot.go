package status

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// snapshot puts together what was read.
func (r reading) snapshot(group string) Group {
	at, terms := sane(r.at), r.terms
	g := Group{Name: Visible(group), At: at, ClockAhead: r.clockAhead(), Instances: make([]Instance, 0, len(r.instances)), Terms: history(terms, at)}
	for _, unread := range []error{r.badInstance, r.badTerm} {
		if unread == nil {
			continue
		}
		if g.Unread != "" {
			g.Unread += "; "
		}
		g.Unread += Visible(Plain(unread.Error()))
	}
	var latest registry.Term
	if len(terms) > 0 {
		latest = terms[0]
		g.Term = latest.Number
	}
	steppedDown := map[uuid.UUID]time.Time{} // when an instance last ended a term of its own
	for _, t := range terms {
		if _, newer := steppedDown[t.Holder]; !newer && !t.Open() {
			steppedDown[t.Holder] = t.EndedAt
		}
	}
	for _, in := range r.instances {
		if in.ID != latest.Holder || !latest.Open() {
			shown := r.passive(in, 0)
			if end := sane(steppedDown[in.ID]); end.After(shown.Since) {
				shown.Since = end
			}
			g.Instances = append(g.Instances, shown)
			continue
		}
		shown := r.passive(in, latest.OrphanAfter)
		shown.Role, shown.Term, shown.Since, shown.HoldingOff = registry.Active, latest.Number, sane(latest.StartedAt), false
		shown.SteppingDown = in.Role == registry.Active && !in.Candidate && !shown.Silent
		g.Instances = append(g.Instances, Instance{})
		copy(g.Instances[1:], g.Instances)
		g.Instances[0] = shown
		if shown.Silent {
			g.Terms[0].Silence = min(shown.Age, g.Terms[0].Length)
		}
	}
	g.Takeover = takeover(g, latest)
	g.Healthy, g.Health = banner(g, latest, r.badInstance != nil)
	g.Done = latest.End == registry.End{Reason: registry.WorkDone} && !latest.Open()
	if g.Unread != "" {
		g.Health += "; a record cannot be read: " + g.Unread
	}
	return g
}

// passive shows an instance as a passive one. Its peers depose it after the longest
// silence that its record or its term, if it has one, allows; orphanAfter is that of
// the term.
func (r reading) passive(in registry.Instance, orphanAfter time.Duration) Instance {
	o, ok := r.observations[in.ID]
	if !ok {
		o.most = unbounded
	}
	age, ahead := o.age(in, r.at)
	shown := Instance{
		ID: in.ID, Role: registry.Passive, Host: Visible(in.Host), PID: in.PID, Version: Visible(in.Version), Priority: in.Priority,
		Since: sane(in.StartedAt), Age: Seconds(age), Ahead: Seconds(ahead), HoldingOff: !in.Candidate,
	}
	promise := promiseOf(in)
	if age > promise.Overdue() || ahead > 0 {
		longest := max(promise.OrphanAfter, min(max(in.OrphanAfter, orphanAfter), registry.MaxOrphanAfter))
		shown.Silent, shown.OrphanIn = true, max(Seconds(longest)-shown.Age, 0)
	}
	return shown
}
