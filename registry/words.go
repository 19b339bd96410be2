package registry

import "github.com/google/uuid"

// ShortDigits is how many digits of a UUID, from its end, tell an instance from its
// peers. The first digits are no use: a UUID of version 7 begins with the time, and
// peers start together.
const ShortDigits = 6

// ShortID returns the last [ShortDigits] digits of a UUID.
func ShortID(id uuid.UUID) string {
	s := id.String()
	return s[len(s)-ShortDigits:]
}

// Name names an instance for people, in the log as on the page: HOST/DIGITS.
func Name(host string, id uuid.UUID) string { return host + "/" + ShortID(id) }

// ended says what happened to the holder of a term, by the reason for which the term
// ended.
var ended = map[Reason]string{
	Stopped:      "was stopped",
	HandedOver:   "handed over",
	LeaseLost:    "lost its lease",
	Orphaned:     "fell silent",
	Crashed:      "crashed",
	Unregistered: "lost its registration",
	WorkFailed:   "gave up because its work kept failing",
	NotReady:     "could not begin the work",
	WorkDone:     "finished the work",
}

// Words says what happened to the holder of a term that ended for this reason, as a
// sentence whose subject is the holder. It is empty for a reason that this program
// does not know, and while the term is open.
func (r Reason) Words() string { return ended[r] }
