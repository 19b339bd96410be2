package status

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Look takes a picture of a group with its latest terms, up to n of them and at
// least one. Its errors are the registry's. A registration that cannot be read is
// none: the picture says so, and shows the others.
func Look(ctx context.Context, admin registry.Admin, group string, n int) (Group, error) {
	n = max(n, 1)
	for try := 1; ; try++ {
		terms, err := admin.Terms(ctx, group, n)
		if err != nil {
			return Group{}, err
		}
		instances, at, unread := admin.Instances(ctx, group)
		if unread != nil && (at.IsZero() || !registry.Unreadable(unread)) {
			return Group{}, unread
		}
		// If a term began or ended in between, the holder of the first read may be
		// gone in the second without anything being wrong.
		again, err := admin.Terms(ctx, group, 1)
		if err != nil {
			return Group{}, err
		}
		if try == 3 || sameLatest(terms, again) {
			return picture(group, terms, instances, at, unread), nil
		}
	}
}

// History returns the latest terms of a group, up to n, and the registry's time.
// It needs no registration to be readable.
func History(ctx context.Context, admin registry.Admin, group string, n int) ([]Term, time.Time, error) {
	terms, err := admin.Terms(ctx, group, n)
	if err != nil {
		return nil, time.Time{}, err
	}
	info, err := admin.Info(ctx)
	if err != nil {
		return nil, time.Time{}, err
	}
	at := sane(info.At)
	return history(terms, at), at, nil
}

func sameLatest(a, b []registry.Term) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	return a[0].Number == b[0].Number && a[0].Open() == b[0].Open()
}

// picture puts together what was read: terms are newest first, instances in the
// order of their UUIDs. unread is why there are more.
func picture(group string, terms []registry.Term, instances []registry.Instance, at time.Time, unread error) Group {
	at = sane(at)
	g := Group{Name: Visible(group), At: at, Instances: make([]Instance, 0, len(instances)), Terms: history(terms, at)}
	if unread != nil {
		g.Unread = Visible(Plain(unread.Error()))
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
	for _, in := range instances {
		seen := portray(in, at)
		if in.ID != latest.Holder || !latest.Open() {
			if end := sane(left[in.ID]); end.After(seen.Since) {
				seen.Since = end
			}
			g.Instances = append(g.Instances, seen)
			continue
		}
		seen.Role, seen.Term, seen.Since, seen.HoldingOff = registry.Active, latest.Number, sane(latest.StartedAt), false
		g.Instances = append(g.Instances, Instance{})
		copy(g.Instances[1:], g.Instances)
		g.Instances[0] = seen
	}
	g.Healthy, g.Health = health(g, latest)
	g.Done = latest.End == registry.End{Reason: registry.WorkDone} && !latest.Open()
	if g.Unread != "" {
		g.Health += "; a record cannot be read: " + g.Unread
	}
	return g
}

// portray shows a passive instance.
func portray(in registry.Instance, at time.Time) Instance {
	seen := Instance{
		ID: in.ID, Role: registry.Passive, Host: Visible(in.Host), PID: in.PID, Version: Visible(in.Version), Priority: in.Priority,
		Since: sane(in.StartedAt), Age: between(sane(in.Heartbeat), at), HoldingOff: !in.Candidate,
	}
	promised, ok := in.Promise()
	if !ok {
		promised = registry.DefaultTiming
	}
	if seen.Age > Seconds(promised.Overdue()) {
		seen.Silent, seen.OrphanIn = true, max(Seconds(promised.OrphanAfter)-seen.Age, 0)
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
		var next time.Time // when the next one began
		if i > 0 {
			next = list[i-1].From
		}
		unseen := next.IsZero() || t.End.Reason == registry.Orphaned || t.End.Reason == registry.LeaseLost // when its work ended
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
