package registry

// Access is what a backend is opened for.
type Access int

const (
	// Join is for instances: what is missing is made.
	Join Access = iota
	// Ask is for who asks something of an instance: nothing is made.
	Ask
	// Look is for who only looks: nothing is made or written, and the right to
	// read is enough. Methods that write return [ErrReadOnly].
	Look
)
