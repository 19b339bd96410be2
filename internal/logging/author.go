package logging

import (
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/registry"
)

// Author is who writes a line of the log. The lines of an instance have the same
// fields, which its heartbeat.Author adds.
type Author struct {
	Instance string // its UUID, or empty while it is not registered
	Group    string
	Role     registry.Role
	Term     int64
}

// MarshalZerologObject implements [zerolog.LogObjectMarshaler].
func (a Author) MarshalZerologObject(e *zerolog.Event) {
	e.Str("instance", a.Instance).Str("group", a.Group).Str("role", string(a.Role)).Int64("term", a.Term)
}
