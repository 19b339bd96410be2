package heartbeat

import (
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/registry"
)

// fact is what a note is about. Its text is the message of the log; note.text fills it
// in.
type fact string

const (
	factRegistered         fact = "registered as %s"
	factStandingBy         fact = "standing by for %s"
	factVacant             fact = "nobody is active: %s %s"
	factSilent             fact = "no beat from %s for %s, taking over in %s"
	factBeatsAgain         fact = "%s beats again"
	factOtherCommand       fact = "%s runs another command: two programs in one group"
	factActive             fact = "active in term %d"
	factYielding           fact = "the work keeps failing: a peer will try it"
	factPassive            fact = "passive: term %d is over for this instance"
	factNobodyElse         fact = "the work keeps failing, and nobody else is there to try it: trying again"
	factUnreachable        fact = "registry does not answer"
	factRefused            fact = "registry refuses"
	factReachable          fact = "registry answers again"
	factLeaseLost          fact = "lease not renewed in time: stopping the work"
	factDeleted            fact = "this registration was deleted"
	factUnreadable         fact = "this registration cannot be read any more"
	factNewerTerm          fact = "a newer term exists: stopping the work"
	factTermEnded          fact = "this term was ended by another: stopping the work"
	factTermsLost          fact = "terms were lost, the registry went back in time (restored from a backup?): fencing tokens are void"
	factNotAsked           fact = "term %d names this instance as its holder, but this instance never asked for it: somebody else writes to the registry"
	factUnseen             fact = "term %d is taken, but no view shows it: what is read from the registry is not what was written to it"
	factClaimed            fact = "%s says that it holds term %d, which the registry has lost: waiting for it to stop"
	factDeposed            fact = "deleted the orphan %s, silent for %s"
	factSwept              fact = "deleted the orphan %s, which was passive"
	factHandover           fact = "asked to hand over: stopping the work"
	factDrainingToHandOver fact = "asked to hand over: the work may finish first"
	factDrainingToLeave    fact = "told to stop: the work may finish first"
	factStuck              fact = "the work does not stop"
	factRegisteringAgain   fact = "registering again"
	factPeerDone           fact = "work done by %s: leaving"
	factLeft               fact = "left"
	factUnregistered       fact = "registry does not answer: this registration stays until a peer deletes it as an orphan"
	factUnreleased         fact = "registry does not answer: the term stays open, and peers wait until this instance counts as an orphan"
	factBadAnswer          fact = "cannot read the group"
	factExhausted          fact = "no term number is left: the latest one in the registry is close to the largest integer"
)

var levels = map[fact]zerolog.Level{
	factRegistered:         zerolog.InfoLevel,
	factStandingBy:         zerolog.InfoLevel,
	factVacant:             zerolog.InfoLevel,
	factSilent:             zerolog.WarnLevel,
	factBeatsAgain:         zerolog.InfoLevel,
	factOtherCommand:       zerolog.WarnLevel,
	factActive:             zerolog.InfoLevel,
	factYielding:           zerolog.WarnLevel,
	factPassive:            zerolog.InfoLevel,
	factNobodyElse:         zerolog.WarnLevel,
	factUnreachable:        zerolog.WarnLevel,
	factRefused:            zerolog.ErrorLevel,
	factReachable:          zerolog.InfoLevel,
	factNotAsked:           zerolog.ErrorLevel,
	factUnseen:             zerolog.ErrorLevel,
	factClaimed:            zerolog.WarnLevel,
	factLeaseLost:          zerolog.ErrorLevel,
	factDeleted:            zerolog.WarnLevel,
	factUnreadable:         zerolog.ErrorLevel,
	factNewerTerm:          zerolog.ErrorLevel,
	factTermEnded:          zerolog.ErrorLevel,
	factTermsLost:          zerolog.ErrorLevel,
	factDeposed:            zerolog.WarnLevel,
	factSwept:              zerolog.InfoLevel,
	factHandover:           zerolog.InfoLevel,
	factDrainingToHandOver: zerolog.InfoLevel,
	factDrainingToLeave:    zerolog.InfoLevel,
	factStuck:              zerolog.ErrorLevel,
	factRegisteringAgain:   zerolog.InfoLevel,
	factPeerDone:           zerolog.InfoLevel,
	factLeft:               zerolog.InfoLevel,
	factUnregistered:       zerolog.WarnLevel,
	factUnreleased:         zerolog.WarnLevel,
	factBadAnswer:          zerolog.ErrorLevel,
	factExhausted:          zerolog.ErrorLevel,
}

// ending says in words what happened to the holder of the latest term.
func ending(r registry.Reason) string {
	if r == "" {
		return "is gone, and so is its registration"
	}
	if words := r.Words(); words != "" {
		return words
	}
	return "ended its term" // for a reason that this version does not know
}

// text returns the fact in words, with its durations.
func (n note) text() string {
	seconds := func(d time.Duration) string {
		if d < 10*time.Second {
			return d.Round(100 * time.Millisecond).String()
		}
		return d.Round(time.Second).String()
	}
	text := string(n.fact)
	switch n.fact {
	case factSilent:
		text = fmt.Sprintf(text, n.who(), seconds(n.lasts), seconds(n.in))
	case factStandingBy, factBeatsAgain, factOtherCommand, factPeerDone, factSwept:
		text = fmt.Sprintf(text, n.who())
	case factDeposed:
		text = fmt.Sprintf(text, n.who(), seconds(n.lasts))
	case factVacant:
		text = fmt.Sprintf(text, n.who(), ending(n.end))
	case factClaimed:
		text = fmt.Sprintf(text, n.who(), n.term)
	case factActive, factPassive, factNotAsked, factUnseen:
		text = fmt.Sprintf(text, n.term)
	case factRegistered:
		text = fmt.Sprintf(text, n.holder)
	case factUnreachable, factRefused:
		if n.in > 0 {
			text += "; the lease allows " + seconds(n.in) + " more"
		}
	case factStuck:
		text += "; giving up in " + seconds(n.in)
	case factUnreleased:
		if n.in > 0 {
			text += ", for up to " + seconds(n.in)
		}
	}
	return text
}

// who names an instance for people, by the whole UUID if its host is not known.
func (n note) who() string {
	if n.host == "" {
		return n.holder.String()
	}
	return registry.Name(n.host, n.holder)
}
