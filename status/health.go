package status

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// health judges a picture that is complete but for this. latest is the group's
// latest term; its number is 0 if there never was one. Unread says that there are
// registrations that are not in the picture.
func health(g Group, latest registry.Term, unread bool) (healthy bool, line string) {
	active, ok := g.Active()
	others := g.Count()
	if ok && active.Silent {
		others.Silent--
	}
	switch {
	case ok && !active.Silent:
		line = "1 active, " + others.others()
		if others.Passive == 0 {
			line += ": nobody would take over"
		}
		return true, line
	case ok:
		return false, fmt.Sprintf("%s; %s", g.silence(active), others.waiting())
	case latest.Number > 0 && latest.Open():
		gone, next := "is gone", "nobody is there to take over"
		switch {
		case unread:
			gone, next = "is gone or cannot be read", others.others()
		case g.Takeover != nil:
			next = fmt.Sprintf("%s takes over within %v", Name(g.Takeover.Host, g.Takeover.ID), g.Takeover.In)
		case others.Passive > 0:
			next = others.others()
		}
		return false, fmt.Sprintf("the registration of the active one, %s, %s; %s", Name(g.Terms[0].Host, latest.Holder), gone, next)
	case latest.Number > 0:
		return false, ended(g.Terms[0], g.At, others)
	case len(g.Instances) > 0:
		return false, "no active yet; " + others.waiting()
	case g.Unread != "":
		return false, "no instance that can be read"
	}
	return false, "no instance: none ever joined this group; start one, or see UNDERSTUDY_REGISTRY and UNDERSTUDY_GROUP"
}

// silence says what is known of a silent active one, and what comes next.
func (g Group) silence(active Instance) string {
	name := Name(active.Host, active.ID)
	line := fmt.Sprintf("no beat from %s for %v", name, active.Age)
	if active.Ahead > 0 {
		line = fmt.Sprintf("%s was not seen to beat, and its heartbeat is %v ahead of the registry's clock, which was set back", name, active.Ahead)
	}
	switch {
	case g.Takeover != nil && active.OrphanIn > 0:
		return line + fmt.Sprintf("; %s takes over in %v", Name(g.Takeover.Host, g.Takeover.ID), g.Takeover.In)
	case active.OrphanIn > 0:
		return line + fmt.Sprintf(", an orphan in %v", active.OrphanIn)
	case g.Takeover != nil:
		return line + fmt.Sprintf(", an orphan; %s takes over once it has counted that itself", Name(g.Takeover.Host, g.Takeover.ID))
	}
	return line + ", an orphan"
}

// takeover says who replaces the holder of the latest term, if it is silent or gone.
// The senior one of those who compete does: the one of the highest priority, then
// the oldest.
func takeover(g Group, latest registry.Term) *Takeover {
	if latest.Number == 0 || !latest.Open() {
		return nil
	}
	in := Seconds(min(latest.OrphanAfter, registry.MaxOrphanAfter))
	if in <= 0 {
		in = Seconds(registry.DefaultTiming.OrphanAfter)
	}
	if active, ok := g.Active(); ok {
		if !active.Silent {
			return nil
		}
		in = active.OrphanIn
	}
	var senior *Instance
	for i, candidate := range g.Instances {
		if candidate.Role == registry.Active || candidate.Silent || candidate.HoldingOff {
			continue
		}
		if senior == nil || candidate.Priority > senior.Priority {
			senior = &g.Instances[i]
		}
	}
	if senior == nil {
		return nil
	}
	return &Takeover{senior.ID, senior.Host, in}
}

// ended says why there is no active one since the latest term ended.
func ended(t Term, at time.Time, others Count) string {
	holder, since, ago := Name(t.Host, t.Holder), Instant(t.To, at)+" UTC", between(t.To, at)
	ahead := t.To.Sub(at) > beatsWay // the clock was set back
	var why string
	switch t.Reason {
	case registry.WorkDone:
		line := fmt.Sprintf("work done at %s, %v ago, by %s, exit code %d", since, ago, holder, t.ExitCode)
		if ahead {
			line = fmt.Sprintf("work done at %s, ahead of the registry's clock, by %s, exit code %d", since, holder, t.ExitCode)
		}
		if others != (Count{}) {
			line += "; " + others.others()
		}
		return line
	case "":
		why = "the term of " + holder + " ended"
	default:
		why = fmt.Sprintf("the term of %s ended: %s", holder, t.Reason)
		if words := t.Reason.Words(); words != "" {
			why = holder + " " + words
		}
	}
	span := fmt.Sprintf("for %v", ago)
	if ahead {
		span = "ahead of the registry's clock"
	}
	return fmt.Sprintf("no active since %s, %s: %s; %s", since, span, why, others.waiting())
}

// Name names an instance as the log does, by its host and a part of its UUID. Of a
// host that is longer than names are, both ends must do.
func Name(host string, id uuid.UUID) string {
	const most, end = 64, 24
	if runes := []rune(host); len(runes) > most {
		host = string(runes[:most-1-end]) + "…" + string(runes[len(runes)-end:])
	}
	if host == "" {
		host = "?"
	}
	return registry.Name(host, id)
}

// Instant shows in UTC when something was: the time of day, before it the date
// if that is not the day of now, and "–" for zero.
func Instant(t, now time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t, now = t.UTC(), now.UTC()
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format(time.TimeOnly)
	}
	return t.Format(time.DateTime)
}

// TakingOver reports whether a term has ended just now and somebody is there to
// begin the next: a moment later there is an active one.
func (g Group) TakingOver() bool {
	if len(g.Terms) == 0 || g.Terms[0].To.IsZero() || g.Terms[0].Reason == registry.WorkDone {
		return false
	}
	return g.At.Sub(g.Terms[0].To).Abs() < 2*time.Second && g.Count().Passive > 0
}
