package status

import (
	"time"

	"github.com/understudy-go/understudy/registry"
)

// beatDelay is how far the start of a term may seem to lie before the end of the one
// before: MongoDB stores as the start the time that the holder's last beat returned,
// and that beat was under way for a while.
const beatDelay = time.Second

// history shows terms, newest first.
func history(terms []registry.Term, at time.Time) []Term {
	list := make([]Term, 0, len(terms))
	for i, t := range terms {
		shown := Term{
			Number: t.Number, Holder: t.Holder, Host: Visible(t.Host),
			From: sane(t.StartedAt), To: sane(t.EndedAt), Reason: registry.Reason(Visible(string(t.End.Reason))),
		}
		if t.End.Reason == registry.WorkDone {
			shown.ExitCode = t.End.ExitCode
		}
		var next time.Time // when the next term in the list began
		follows := false   // whether that is the very next one
		if i > 0 {
			next, follows = list[i-1].From, list[i-1].Number == t.Number+1
		}
		endUnknown := next.IsZero() || !follows || t.End.Reason == registry.Orphaned || t.End.Reason == registry.LeaseLost // of its work
		if late := shown.To.Sub(next); late > 0 && !next.IsZero() {
			// The end was recorded after the next term had begun, by the successor, or by
			// the holder when it reached the registry again. The work had ended before.
			shown.To = next
			endUnknown = endUnknown || late > beatDelay
		}
		until := shown.To
		switch {
		case i == 0 && t.Open():
			until = at
		case t.Open(): // the successor has not recorded its end yet, or never will
			until = next
		case !endUnknown:
			gap := between(shown.To, next)
			shown.Gap = &gap
		}
		shown.Length, shown.AtMost = between(shown.From, until), i > 0 && shown.Gap == nil
		if t.End.Reason == registry.Orphaned && t.End.Silence > 0 {
			shown.Silence = min(Seconds(t.End.Silence), shown.Length)
			if follows && !next.IsZero() {
				most := shown.Silence + between(shown.To, next)
				shown.GapAtMost = &most
			}
		}
		list = append(list, shown)
	}
	return list
}
