package jobs

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/understudy-go/understudy/internal/wording"
)

// zones are the time zones that were loaded. There are only as many as exist.
var zones sync.Map // from a name to a *time.Location

// LoadZone returns the time zone of a definition; "" is UTC. It refuses names that mean
// something else on another machine.
func LoadZone(name string) (*time.Location, error) {
	const want = "want the IANA name of a time zone, such as Europe/Berlin, or UTC"
	if name == "" {
		return time.UTC, nil
	}
	if zone, ok := zones.Load(name); ok {
		return zone.(*time.Location), nil
	}
	switch {
	case strings.EqualFold(name, "local") || strings.EqualFold(name, "localtime"):
		return nil, fmt.Errorf("%s is another zone on each machine: %s", wording.Quote(name), want)
	case strings.HasPrefix(name, "right/"), strings.HasPrefix(name, "posix/"), name == "posixrules", name == "Factory":
		return nil, fmt.Errorf("%s is not on every machine: %s", wording.Quote(name), want)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("there is no time zone %s: %s", wording.Quote(name), want)
	}
	zones.Store(name, zone)
	return zone, nil
}
