package heartbeat

import (
	"time"

	"github.com/google/uuid"
)

// announced remembers which facts are in the log already, so that each fact is logged
// once. Its methods report whether to log a fact now, and take note that it is logged.
//
// The machine writes it when it has a fact to log.
type announced struct {
	standingBy   int64         // the term of a peer
	standingByAt time.Duration // when that was logged
	silent       bool          // its holder is silent
	vacant       bool          // nobody is active
	exhausted    bool          // no term number is left
	unseen       int64         // the term that is taken and does not show
	claimant     uuid.UUID     // who claims a later term
	nobodyElse   bool          // no peer is there to try the work
	stuck        bool          // the work does not stop
	command      uuid.UUID     // the holder that runs another command
}

// termBegun forgets what was logged, because it may be logged again after a term of this
// instance's own. The command of another holder stays known.
func (a *announced) termBegun() {
	*a = announced{command: a.command}
}

// standsBy is for the term of a peer. If terms follow each other fast, one of them is
// logged per interval.
func (a *announced) standsBy(term int64, now, interval time.Duration) bool {
	if a.standingBy == term || a.standingByAt > 0 && now-a.standingByAt < interval {
		return false
	}
	a.standingBy, a.standingByAt = term, now
	a.silent, a.vacant = false, false
	return true
}

// isSilent is for the holder of the term that was logged last.
func (a *announced) isSilent() bool { return first(&a.silent) }

// beatsAgain is for a holder that was logged as silent.
func (a *announced) beatsAgain() bool {
	logged := a.silent
	a.silent = false
	return logged
}

// isVacant is for a group whose latest term has ended, or that never had one.
func (a *announced) isVacant() bool { return first(&a.vacant) }

// isExhausted is for a group without another term number.
func (a *announced) isExhausted() bool { return first(&a.exhausted) }

// isUnseen is for a term that is taken and does not show.
func (a *announced) isUnseen(term int64) bool { return change(&a.unseen, term) }

// isClaimed is for a record that claims a later term.
func (a *announced) isClaimed(by uuid.UUID) bool { return change(&a.claimant, by) }

// isAlone is for failing work that no peer is there to try.
func (a *announced) isAlone() bool { return first(&a.nobodyElse) }

// isStuck is for work that does not stop.
func (a *announced) isStuck() bool { return first(&a.stuck) }

// hasOtherCommand is for a holder that runs another command than this instance would.
func (a *announced) hasOtherCommand(holder uuid.UUID) bool { return change(&a.command, holder) }

// first sets a flag, and reports whether it was not set.
func first(flag *bool) bool {
	was := *flag
	*flag = true
	return !was
}

// change sets a value, and reports whether it was another.
func change[T comparable](value *T, to T) bool {
	was := *value
	*value = to
	return was != to
}
