package storetest

import (
	"fmt"
	"math"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// spoilt is a value that a field must not have.
type spoilt struct {
	field string
	value any   // nil if the field is missing
	want  error // what the contract demands of whoever reads the record
}

func (s spoilt) String() string { return fmt.Sprintf("%s=%#v", s.field, s.value) }

// The values that make a run unusable, whatever its state is.
var vitalOfRun = []spoilt{
	{"state", nil, registry.ErrCorrupt},
	{"state", "", registry.ErrCorrupt},
	{"state", "sleeping", registry.ErrCorrupt},
	{"state", int64(7), registry.ErrCorrupt},
	{"state", []byte("processing"), registry.ErrCorrupt},
	{"open", nil, registry.ErrCorrupt},
	{"open", "yes", registry.ErrCorrupt},
	{"open", int64(7), registry.ErrCorrupt},
	{"open", 2.5, registry.ErrCorrupt},
	{"term", nil, registry.ErrCorrupt},
	{"term", "first", registry.ErrCorrupt},
	{"term", int64(-1), registry.ErrCorrupt},
	{"term", 2.5, registry.ErrCorrupt},
	{"attempt", nil, registry.ErrCorrupt},
	{"attempt", "first", registry.ErrCorrupt},
	{"attempt", int64(-1), registry.ErrCorrupt},
	{"attempt", 2.5, registry.ErrCorrupt},
	{"at", nil, registry.ErrCorrupt},
	{"at", "now", registry.ErrCorrupt},
	{"at", []byte{0xff, 0}, registry.ErrCorrupt},
	{"at", time.Time{}, registry.ErrCorrupt},
	{"due", "soon", registry.ErrCorrupt},
	{"due", []byte{1}, registry.ErrCorrupt},
	{"slot", "noon", registry.ErrCorrupt},
	{"slot", int64(-5), registry.ErrCorrupt},
	{"priority", nil, registry.ErrCorrupt},
	{"priority", "high", registry.ErrCorrupt},
	{"priority", 2.5, registry.ErrCorrupt},
	{"payload", "text", registry.ErrCorrupt},
	{"payload", []byte("short"), registry.ErrCorrupt},
	{"endedAt", "never", registry.ErrCorrupt},
	{"nonce", "once", registry.ErrCorrupt},
	{"nonce", int64(7), registry.ErrCorrupt},
	{"instance", "me", registry.ErrCorrupt},
	{"attempts", "many", registry.ErrCorrupt},
	{"attempts", int64(7), registry.ErrCorrupt},
	{"attempts", []byte{1}, registry.ErrCorrupt},
	{"failures", nil, registry.ErrCorrupt},
	{"failures", "many", registry.ErrCorrupt},
	{"failures", int64(-1), registry.ErrCorrupt},
	{"interruptions", nil, registry.ErrCorrupt},
	{"interruptions", 2.5, registry.ErrCorrupt},
	{"schema", nil, registry.ErrCorrupt},
	{"schema", "one", registry.ErrCorrupt},
	{"schema", int64(0), registry.ErrCorrupt},
	{"schema", int64(store.Schema + 1), registry.ErrSchema},
	{"schema", int64(math.MaxInt64), registry.ErrSchema},
}
