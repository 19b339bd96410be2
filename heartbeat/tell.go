package heartbeat

import (
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/registry"
)

var levels = map[fact]zerolog.Level{
	factRegistered:   zerolog.InfoLevel,
	factStandingBy:   zerolog.InfoLevel,
	factVacant:       zerolog.InfoLevel,
	factSilent:       zerolog.WarnLevel,
	factBeatsAgain:   zerolog.InfoLevel,
	factOtherCommand: zerolog.WarnLevel,
	factActive:       zerolog.InfoLevel,
	factYielding:     zerolog.WarnLevel,
	factPassive:      zerolog.InfoLevel,
	factNobodyElse:   zerolog.WarnLevel,
	factUnreachable:  zerolog.WarnLevel,
	factRefused:      zerolog.ErrorLevel,
	factReachable:    zerolog.InfoLevel,
	factUnasked:      zerolog.ErrorLevel,
	factUnseen:       zerolog.ErrorLevel,
	factClaimed:      zerolog.WarnLevel,
	factLeaseLost:    zerolog.ErrorLevel,
	factDeleted:      zerolog.WarnLevel,
	factSpoilt:       zerolog.ErrorLevel,
	factOutvoted:     zerolog.ErrorLevel,
	factTermEnded:    zerolog.ErrorLevel,
	factTermsLost:    zerolog.ErrorLevel,
	factDeposed:      zerolog.WarnLevel,
	factSwept:        zerolog.InfoLevel,
	factHandover:     zerolog.InfoLevel,
	factStuck:        zerolog.ErrorLevel,
	factAnew:         zerolog.InfoLevel,
	factPeerDone:     zerolog.InfoLevel,
	factLeft:         zerolog.InfoLevel,
	factUnregistered: zerolog.WarnLevel,
	factUnreleased:   zerolog.WarnLevel,
	factBadView:      zerolog.ErrorLevel,
	factExhausted:    zerolog.ErrorLevel,
}

// parted says in words how the holder of the latest term came to hold it no more.
var parted = map[registry.Reason]string{
	"":                    "is gone, its registration too",
	registry.Stopped:      "was stopped",
	registry.HandedOver:   "handed over",
	registry.LeaseLost:    "lost its lease",
	registry.Orphaned:     "fell silent",
	registry.Unregistered: "lost its registration",
	registry.WorkFailed:   "gave up, its work keeps failing",
	registry.NotReady:     "could not begin the work",
	registry.WorkDone:     "is done with the work",
}

// tell writes a fact to the log.
func (s *shell) tell(n note) {
	e := s.log.WithLevel(levels[n.fact])
	if n.term > 0 && n.term != s.Term() {
		e.Int64("of_term", n.term)
	}
	if n.holder != uuid.Nil && n.fact != factRegistered {
		e.Stringer("holder", n.holder)
	}
	if n.host != "" {
		e.Str("host", n.host)
	}
	if n.err != nil {
		e.Err(n.err)
	}
	if n.fact == factRegistered {
		e.Int("pid", os.Getpid())
	}
	e.Msg(n.text())
}

// text is the fact in words, with its durations.
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
		text = fmt.Sprintf(text, n.who(), parted[n.end])
	case factClaimed:
		text = fmt.Sprintf(text, n.who(), n.term)
	case factActive, factPassive, factUnasked, factUnseen:
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
			text += ", up to " + seconds(n.in)
		}
	}
	return text
}

// who names an instance for people: where it runs, and the part of its UUID
// that tells it from its neighbours.
func (n note) who() string {
	id := n.holder.String()
	if n.host == "" {
		return id
	}
	return n.host + "/" + id[len(id)-6:]
}
