package scheduler

// breakage names a rule that the simulated store breaks on purpose.
type breakage string

const (
	unbroken         breakage = ""
	updateAnyTerm    breakage = "update-any-term"
	updateAnyAttempt breakage = "update-any-attempt"
	pruneAboveMark   breakage = "prune-above-mark"
	noSeal           breakage = "no-seal"
	willAnyTerm      breakage = "will-any-term"
	willBeforeGone   breakage = "will-before-gone"
)
