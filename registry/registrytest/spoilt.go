package registrytest

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// spoilt is a value that a field must not have.
type spoilt struct {
	field string
	value any   // nil if the field is missing
	want  error // what the contract demands of whoever reads the record
}

func (s spoilt) String() string { return fmt.Sprintf("%s=%#v", s.field, s.value) }

// lead makes a group of three terms. The last one is open, and its holder is registered.
func lead(t *testing.T, b registry.Backend) (registry.Instance, registry.Term) {
	t.Helper()
	in := newInstance(t, "")
	in.Group = "garbage:" + in.ID.String()
	register(t, b, in)
	beat(t, b, in.ID, in.Status)
	for n := int64(1); n <= 2; n++ {
		end(t, b, begin(t, b, in.Group, n, in.ID), registry.End{Reason: registry.Stopped})
	}
	return in, begin(t, b, in.Group, 3, in.ID)
}

// The values that make a record unusable.
var (
	vitalOfInstance = []spoilt{
		{"beat", nil, registry.ErrCorrupt},
		{"beat", "many", registry.ErrCorrupt},
		{"beat", int64(-1), registry.ErrCorrupt},
		{"beat", 2.5, registry.ErrCorrupt},
		{"beat", []byte{1}, registry.ErrCorrupt},
		{"heartbeat", nil, registry.ErrCorrupt},
		{"heartbeat", "now", registry.ErrCorrupt},
		{"heartbeat", []byte{0xff, 0}, registry.ErrCorrupt},
		{"group", nil, registry.ErrCorrupt},
		{"group", "", registry.ErrCorrupt},
		{"group", "a\x00b\x1b[31m", registry.ErrCorrupt},
		{"group", int64(7), registry.ErrCorrupt},
		{"schema", nil, registry.ErrCorrupt},
		{"schema", "one", registry.ErrCorrupt},
		{"schema", int64(0), registry.ErrCorrupt},
		{"schema", int64(-1), registry.ErrCorrupt},
		{"schema", int64(registry.Schema + 1), registry.ErrSchema},
		{"schema", int64(math.MaxInt64), registry.ErrSchema},
	}
	vitalOfTerm = []spoilt{
		{"holder", nil, registry.ErrCorrupt},
		{"holder", "somebody", registry.ErrCorrupt},
		{"holder", "", registry.ErrCorrupt},
		{"holder", int64(7), registry.ErrCorrupt},
		{"holder", []byte("fifteen bytes.."), registry.ErrCorrupt},
		{"startedAt", nil, registry.ErrCorrupt},
		{"startedAt", "yesterday", registry.ErrCorrupt},
		{"endedAt", "", registry.ErrCorrupt},
		{"endedAt", "never", registry.ErrCorrupt},
		{"endedAt", []byte{}, registry.ErrCorrupt},
		{"endedAt", time.Time{}, registry.ErrCorrupt},
		{"schema", nil, registry.ErrCorrupt},
		{"schema", "one", registry.ErrCorrupt},
		{"schema", int64(0), registry.ErrCorrupt},
		{"schema", int64(registry.Schema + 1), registry.ErrSchema},
		{"schema", int64(math.MaxInt64), registry.ErrSchema},
		{"number", "three", registry.ErrCorrupt},
		{"number", 3.5, registry.ErrCorrupt},
		{"number", []byte{3}, registry.ErrCorrupt},
		{"number", int64(math.MaxInt64), registry.ErrTermExhausted},
	}
)
