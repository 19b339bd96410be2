package registry

// Mark says how well something is that was looked at.
type Mark string

const (
	OK      Mark = "ok"
	Warning Mark = "warning" // it works, and may cost something one day
	Error   Mark = "error"   // instances do not work with it as they should
)

// Finding is one thing that was looked at in a registry, for people.
type Finding struct {
	Name   string `json:"name"`
	Mark   Mark   `json:"mark"`
	Detail string `json:"detail"`         // what was found, on one line
	Cure   string `json:"cure,omitempty"` // what to do about it, unless Detail says so
	Err    error  `json:"-"`              // what is behind an Error, if anything
}
