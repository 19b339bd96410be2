package status

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// health judges a picture that is complete but for this. latest is the group's
// latest term; its number is 0 if there never was one.
func health(g Group, latest registry.Term) (healthy bool, line string) {
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
		orphan := "an orphan"
		if active.OrphanIn > 0 {
			orphan = fmt.Sprintf("an orphan in %v", active.OrphanIn)
		}
		return false, fmt.Sprintf("no beat from %s for %v, %s; %s", Name(active.Host, active.ID), active.Age, orphan, others.waiting())
	case latest.Number > 0 && latest.Open() && g.Unread != "":
		return false, fmt.Sprintf("the registration of the active one, %s, is gone or cannot be read; %s", Name(g.Terms[0].Host, latest.Holder), others.others())
	case latest.Number > 0 && latest.Open():
		takeover := "nobody is there to take over"
		if others.Passive > 0 {
			promised := latest.OrphanAfter
			if promised <= 0 {
				promised = registry.DefaultTiming.OrphanAfter
			}
			takeover = fmt.Sprintf("a passive one takes over within %v", Seconds(promised))
		}
		return false, fmt.Sprintf("the registration of the active one, %s, is gone; %s", Name(g.Terms[0].Host, latest.Holder), takeover)
	case latest.Number > 0:
		return false, ended(g.Terms[0], g.At, others)
	case len(g.Instances) > 0:
		return false, "no active yet; " + others.waiting()
	case g.Unread != "":
		return false, "no instance that can be read"
	}
	return false, "no instance: none ever joined this group; start one, or see UNDERSTUDY_REGISTRY and UNDERSTUDY_GROUP"
}

// ended says why there is no active one since the latest term ended.
func ended(t Term, at time.Time, others Count) string {
	holder, since, ago := Name(t.Host, t.Holder), Instant(t.To, at)+" UTC", between(t.To, at)
	var why string
	switch t.Reason {
	case registry.WorkDone:
		line := fmt.Sprintf("work done at %s, %v ago, by %s, exit code %d", since, ago, holder, t.ExitCode)
		if others != (Count{}) {
			line += "; " + others.others()
		}
		return line
	case registry.Stopped:
		why = holder + " was stopped"
	case registry.HandedOver:
		why = holder + " handed over"
	case registry.LeaseLost:
		why = holder + " lost its lease"
	case registry.Orphaned:
		why = holder + " fell silent"
	case registry.Unregistered:
		why = "the registration of " + holder + " was gone"
	case registry.WorkFailed:
		why = "the work failed on " + holder
	case "":
		why = "the term of " + holder + " ended"
	default:
		why = fmt.Sprintf("the term of %s ended: %s", holder, t.Reason)
	}
	return fmt.Sprintf("no active since %s, for %v: %s; %s", since, ago, why, others.waiting())
}

// Name names an instance as the log does, by its host and a part of its UUID.
func Name(host string, id uuid.UUID) string {
	if host == "" {
		host = "?"
	}
	return host + "/" + Short(id)
}

// Short is enough of a UUID to tell an instance from its peers.
func Short(id uuid.UUID) string {
	s := id.String()
	return s[len(s)-6:]
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
	return g.At.Sub(g.Terms[0].To) < 2*time.Second && g.Count().Passive > 0
}
