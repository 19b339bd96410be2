package heartbeat

import (
	"sync/atomic"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/registry"
)

// Author is a hook for a logger. It adds to each line who writes it: the fields
// instance, group, role and term, with the values that they have at that instant.
//
// An author can be made before its member, so that a whole process shares one
// logger: make the author, hook it into the logger, give that logger to whatever
// needs one, and give both to [New] in the [Config]. Until then the instance is
// empty and the role is passive. An author belongs to one member. It may be used
// concurrently.
type Author struct {
	group  string
	member atomic.Pointer[Member] // nil until New has made it
}

// NewAuthor returns the author of the lines that a member of a group will write.
func NewAuthor(group string) *Author { return &Author{group: group} }

// Run adds the fields to a line. It implements [zerolog.Hook].
func (a *Author) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	id, role, term := "", registry.Passive, int64(0)
	if m := a.member.Load(); m != nil {
		if m.Instance() != uuid.Nil {
			id = m.Instance().String()
		}
		if term = m.Term(); term > 0 {
			role = registry.Active
		}
	}
	e.Str("instance", id).Str("group", a.group).Str("role", string(role)).Int64("term", term)
}
