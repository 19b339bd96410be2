package status

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Look takes a picture of a group as [Observer.Look] does, of one that has seen
// nothing before.
func Look(ctx context.Context, admin registry.Admin, group string, n int) (Group, error) {
	return new(Observer).Look(ctx, admin, group, n)
}

// reading is what one look found.
type reading struct {
	terms       []registry.Term     // newest first
	instances   []registry.Instance // in the order of their UUIDs
	at          time.Time           // by the registry's clock
	badTerm     error               // why there are more terms
	badInstance error               // why there are more instances
	// The instances were read between these instants of this machine's clock. What
	// has no sight was never seen before.
	began, ended time.Time
	sights       map[uuid.UUID]sight
}

func read(ctx context.Context, admin registry.Admin, group string, n int) (r reading, err error) {
	for try := 1; ; try++ {
		r.terms, r.badTerm = admin.Terms(ctx, group, n)
		if r.badTerm != nil && !registry.Unreadable(r.badTerm) {
			return r, r.badTerm
		}
		r.began = time.Now()
		r.instances, r.at, r.badInstance = admin.Instances(ctx, group)
		r.ended = time.Now()
		if r.badInstance != nil && (r.at.IsZero() || !registry.Unreadable(r.badInstance)) {
			return r, r.badInstance
		}
		// If a term began or ended in between, the holder of the first read may be
		// gone in the second without anything being wrong. And without the latest
		// term, which may be the one that cannot be read, there is no picture.
		again, err := admin.Terms(ctx, group, 1)
		switch same := sameLatest(r.terms, again); {
		case err != nil:
			return r, err
		case same, try == 3 && r.badTerm == nil:
			return r, nil
		case try == 3:
			return r, r.badTerm
		}
	}
}

// History returns the latest terms of a group, up to n, and the registry's time.
// It needs no registration to be readable, and of the terms the latest only:
// registry.ErrCorrupt and registry.ErrSchema come beside those that can be read.
func History(ctx context.Context, admin registry.Admin, group string, n int) ([]Term, time.Time, error) {
	terms, unread := admin.Terms(ctx, group, n)
	if unread != nil {
		if !registry.Unreadable(unread) || len(terms) == 0 {
			return nil, time.Time{}, unread
		}
		if _, err := admin.Terms(ctx, group, 1); err != nil {
			return nil, time.Time{}, err
		}
	}
	info, err := admin.Info(ctx)
	if err != nil {
		return nil, time.Time{}, err
	}
	at := sane(info.At)
	return history(terms, at), at, unread
}

func sameLatest(a, b []registry.Term) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	return a[0].Number == b[0].Number && a[0].Open() == b[0].Open()
}

// picture puts together what was read.
func (r reading) picture(group string) Group {
	at, terms := sane(r.at), r.terms
	g := Group{Name: Visible(group), At: at, Instances: make([]Instance, 0, len(r.instances)), Terms: history(terms, at)}
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
	left := map[uuid.UUID]time.Time{} // when an instance last ended a term of its own
	for _, t := range terms {
		if _, known := left[t.Holder]; !known && !t.Open() {
			left[t.Holder] = t.EndedAt
		}
	}
	for _, in := range r.instances {
		if in.ID != latest.Holder || !latest.Open() {
			seen := r.portray(in, 0)
			if end := sane(left[in.ID]); end.After(seen.Since) {
				seen.Since = end
			}
			g.Instances = append(g.Instances, seen)
			continue
		}
		seen := r.portray(in, latest.OrphanAfter)
		seen.Role, seen.Term, seen.Since, seen.HoldingOff = registry.Active, latest.Number, sane(latest.StartedAt), false
		g.Instances = append(g.Instances, Instance{})
		copy(g.Instances[1:], g.Instances)
		g.Instances[0] = seen
		if seen.Silent {
			g.Terms[0].Silence = min(seen.Age, g.Terms[0].Length)
		}
	}
	g.Takeover = takeover(g, latest)
	g.Healthy, g.Health = health(g, latest, r.badInstance != nil)
	g.Done = latest.End == registry.End{Reason: registry.WorkDone} && !latest.Open()
	if g.Unread != "" {
		g.Health += "; a record cannot be read: " + g.Unread
	}
	return g
}

// portray shows an instance as a passive one. Its peers wait for the longest that
// its record and its term, if it has one, speak of.
func (r reading) portray(in registry.Instance, orphanAfter time.Duration) Instance {
	s, ok := r.sights[in.ID]
	if !ok {
		s.most = unknown
	}
	age, ahead := s.age(in, r.at)
	seen := Instance{
		ID: in.ID, Role: registry.Passive, Host: Visible(in.Host), PID: in.PID, Version: Visible(in.Version), Priority: in.Priority,
		Since: sane(in.StartedAt), Age: Seconds(age), Ahead: Seconds(ahead), HoldingOff: !in.Candidate,
	}
	p := promised(in)
	if age > p.Overdue() || ahead > 0 {
		longest := max(p.OrphanAfter, min(max(in.OrphanAfter, orphanAfter), registry.MaxOrphanAfter))
		seen.Silent, seen.OrphanIn = true, max(Seconds(longest)-seen.Age, 0)
	}
	return seen
}

// beatsWay is how far the beginning of a term may seem to be before the end of the
// one before: MongoDB stores it as the last beat told the time, and that beat was
// under way for a while.
const beatsWay = time.Second

// history shows terms, newest first.
func history(terms []registry.Term, at time.Time) []Term {
	list := make([]Term, 0, len(terms))
	for i, t := range terms {
		seen := Term{
			Number: t.Number, Holder: t.Holder, Host: Visible(t.Host),
			From: sane(t.StartedAt), To: sane(t.EndedAt), Reason: registry.Reason(Visible(string(t.End.Reason))),
		}
		if t.End.Reason == registry.WorkDone {
			seen.ExitCode = t.End.ExitCode
		}
		var next time.Time // when the next one that can be read began
		follows := false   // there is none between
		if i > 0 {
			next, follows = list[i-1].From, list[i-1].Number == t.Number+1
		}
		unseen := next.IsZero() || !follows || t.End.Reason == registry.Orphaned || t.End.Reason == registry.LeaseLost // when its work ended
		if after := seen.To.Sub(next); after > 0 && !next.IsZero() {
			// Its successor closed it once it was the successor, or its holder came to it
			// late. Its work was gone before that.
			seen.To = next
			unseen = unseen || after > beatsWay
		}
		until := seen.To
		switch {
		case i == 0 && t.Open():
			until = at
		case t.Open(): // whoever took over has not closed it, or never will
			until = next
		case !unseen:
			gap := between(seen.To, next)
			seen.Gap = &gap
		}
		seen.Length, seen.AtMost = between(seen.From, until), i > 0 && seen.Gap == nil
		if t.End.Reason == registry.Orphaned && t.End.Silence > 0 {
			seen.Silence = min(Seconds(t.End.Silence), seen.Length)
			if follows && !next.IsZero() {
				most := seen.Silence + between(seen.To, next)
				seen.GapAtMost = &most
			}
		}
		list = append(list, seen)
	}
	return list
}

// between is how long after a b is, and 0 if it is before: a clock may have
// stepped back.
func between(a, b time.Time) Seconds { return Seconds(max(b.Sub(a), 0)) }

// sane brings an instant that somebody wrote into the years that can be shown.
// Zero stays zero.
func sane(t time.Time) time.Time {
	first, last := time.Unix(0, 0).UTC(), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	switch {
	case t.IsZero():
		return time.Time{}
	case t.Before(first):
		return first
	case t.After(last):
		return last
	}
	return t.UTC()
}
