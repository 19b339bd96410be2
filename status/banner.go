package status

import (
	"fmt"

	"github.com/understudy-go/understudy/registry"
)

// banner words the health of a group in one line. This is the first line of the page's
// banner, and of what the command status prints; web/page/banner.js words the rest of the
// page's banner. The snapshot g has to be complete except for this line. latest is the
// latest term of the group; its number is 0 if there never was one. unread says that some
// registrations are missing in the snapshot.
func banner(g Group, latest registry.Term, unread bool) (healthy bool, line string) {
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
		return false, g.unregistered(latest, others, unread)
	case latest.Number > 0:
		return false, g.ended(g.Terms[0], others)
	case len(g.Instances) > 0:
		return false, "no active yet; " + others.waiting()
	case g.Unread != "":
		return false, "no instance that can be read"
	}
	return false, "no instance: none ever joined this group; start one, or check UNDERSTUDY_REGISTRY and UNDERSTUDY_GROUP"
}

// silence words what is known of an active instance that is silent, and what comes next.
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
		return line + fmt.Sprintf(", an orphan; %s takes over when it has observed this silence itself", Name(g.Takeover.Host, g.Takeover.ID))
	}
	return line + ", an orphan"
}

// unregistered words that the holder of an open term has no registration.
func (g Group) unregistered(latest registry.Term, others Count, unread bool) string {
	gone, next := "is gone", "nobody is there to take over"
	switch {
	case unread:
		gone, next = "is gone or cannot be read", others.others()
	case g.Takeover != nil:
		next = fmt.Sprintf("%s takes over within %v", Name(g.Takeover.Host, g.Takeover.ID), g.Takeover.In)
	case others.Passive > 0:
		next = others.others()
	}
	return fmt.Sprintf("the registration of the active one, %s, %s; %s", Name(g.Terms[0].Host, latest.Holder), gone, next)
}

// ended words why no instance is active since the latest term ended. If that end lies
// ahead of the registry's clock, which was set back, nobody can say how long ago it was.
func (g Group) ended(t Term, others Count) string {
	holder, since, ago := Name(t.Host, t.Holder), Instant(t.To, g.At)+" UTC", between(t.To, g.At)
	ahead := t.To.Sub(g.At) > beatDelay
	if t.Reason == registry.WorkDone {
		when := fmt.Sprintf("%v ago", ago)
		if ahead {
			when = "ahead of the registry's clock"
		}
		line := fmt.Sprintf("work done at %s, %s, by %s, exit code %d", since, when, holder, t.ExitCode)
		if others != (Count{}) {
			line += "; " + others.others()
		}
		return line
	}
	span := fmt.Sprintf("for %v", ago)
	if ahead {
		span = "ahead of the registry's clock"
	}
	return fmt.Sprintf("no active since %s, %s: %s; %s", since, span, whyEnded(holder, t.Reason), others.waiting())
}

func whyEnded(holder string, reason registry.Reason) string {
	if words := reason.Words(); words != "" {
		return holder + " " + words
	}
	if reason == "" {
		return "the term of " + holder + " ended"
	}
	return fmt.Sprintf("the term of %s ended: %s", holder, reason)
}
