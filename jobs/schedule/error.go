package schedule

import "fmt"

// Error says why a text is not a schedule.
type Error struct {
	Text   string // the schedule as it was given
	Offset int    // where the fault begins in Text, in bytes
	Reason string // what is wrong and what would be right; a sentence without its full stop
}

// Error quotes at most the beginning of a long text.
func (e *Error) Error() string {
	text := e.Text
	if len(text) > maxLength {
		text = text[:40] + "..."
	}
	return fmt.Sprintf("schedule %q: column %d: %s", text, e.Offset+1, e.Reason)
}
