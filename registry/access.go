package registry

// Access is what a backend is opened for.
type Access int

const (
	// Join is for instances: opening makes whatever is missing.
	Join Access = iota
	// Ask is for whoever asks the active instance for something: opening makes nothing.
	Ask
	// Look is for whoever only reads: nothing is made or written, and the right to read
	// is enough. Methods that write return [ErrReadOnly].
	Look
)
