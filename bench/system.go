//go:build linux

package main

import (
	"fmt"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// sameTTL is the time to live of a lease in the setting "same": the default of client-go,
// and the only one of River.
const sameTTL = 15 * time.Second

// setting is how an election is set up.
type setting struct {
	name string
	ttl  time.Duration
	beat time.Duration // how often the active one renews its lease
	// store is where the candidates of this setting meet, if not that of the system.
	store  string
	timing registry.Timing // of Understudy
	args   []string        // of the others
}

// The settings of Understudy, besides its default. The fast one is the smallest that it takes.
var (
	sameTiming = registry.Timing{Interval: time.Second, OrphanAfter: sameTTL, StopGrace: 5 * time.Second}
	fastTiming = func() registry.Timing {
		t := registry.Timing{Interval: registry.MinInterval, StopGrace: registry.MinStopGrace}
		t.OrphanAfter = t.SmallestOrphanAfter()
		return t
	}()
)

// system is one way to elect.
type system struct {
	name     string
	program  string // its candidates
	store    string
	settings []setting
	ours     bool
}

func ofTiming(name string, t registry.Timing) setting {
	return setting{name: name, ttl: t.OrphanAfter, beat: t.Interval, timing: t}
}

func understudy(store string) system {
	return system{
		name: "Understudy, " + title[store], program: "member", store: store, ours: true,
		settings: []setting{ofTiming("same", sameTiming), ofTiming("fast", fastTiming), ofTiming("default", registry.DefaultTiming)},
	}
}

// title is how people call a store.
var title = map[string]string{"sqlite": "SQLite", "mongodb1": "MongoDB, one node", "mongodb3": "MongoDB, three nodes", "etcd": "etcd", "kubernetes": "Kubernetes", "process": "start of a small program"}

// peers are the others.
var peers = []system{
	{
		name: "etcd concurrency.Election", program: "etcd", store: "etcd",
		settings: []setting{
			{name: "same", ttl: sameTTL, beat: sameTTL / 3, args: []string{"15"}},
			{name: "fast", ttl: time.Second, beat: time.Second / 3, store: "etcd-fast", args: []string{"1"}},
		},
	},
	{
		name: "client-go leaderelection", program: "kubernetes", store: "kubernetes",
		settings: []setting{
			{name: "same", ttl: sameTTL, beat: 2 * time.Second, args: []string{"15s", "10s", "2s"}},
			// A Lease has its duration in whole seconds, and candidates see a renewal only if it
			// came in another second than the last one that they saw. So with one second they
			// take over from a leader that lives. The retry period is that of Understudy's fast
			// setting.
			{name: "fast", ttl: 2 * time.Second, beat: registry.MinInterval, args: []string{"2s", "1s", registry.MinInterval.String()}},
		},
	},
	{
		name: "River's elector, SQLite", program: "river", store: "river",
		settings: []setting{{name: "same", ttl: sameTTL, beat: 5 * time.Second}}, // River has no others
	},
}

// arguments returns what the candidates of a system are started with. Place separates one
// measurement from the next one: it is a database, a folder, a prefix or a namespace of its
// own.
func (s *stage) arguments(sys system, set setting, place string) ([]string, *store, error) {
	name := sys.store
	if set.store != "" {
		name = set.store
	}
	st := s.stores[name]
	switch {
	case name == "sqlite" || name == "river":
		dir, err := s.folder(name + "-" + place)
		if err != nil {
			return nil, nil, err
		}
		st = &store{name: name, address: dir}
		if sys.ours {
			st.address = "sqlite:" + dir + "/registry.db"
		}
	case st == nil:
		return nil, nil, fmt.Errorf("%s is not there", name)
	}
	if sys.ours {
		t := set.timing
		own := *st
		own.address = st.uri(place)
		return []string{own.address, t.Interval.String(), t.OrphanAfter.String(), t.StopGrace.String()}, &own, nil
	}
	if name == "river" {
		return []string{st.address}, st, nil
	}
	return append([]string{st.address, place}, set.args...), st, nil
}
