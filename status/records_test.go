package status

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// now is the time of the registry in these tests.
var now = time.Date(2026, 3, 4, 12, 0, 15, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

// id returns a UUID that ends with a number.
func id(n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("01890a5d-ac96-774b-bcce-%012x", n))
}

// instance returns the record of instance number n on host hN, with the default timing
// and a beat of the given age.
func instance(n int, age time.Duration, change ...func(*registry.Instance)) registry.Instance {
	in := registry.Instance{
		ID: id(n), Group: "g", Host: fmt.Sprintf("h%d", n), PID: 100 + n, Version: "v1",
		StartedAt: ago(time.Hour), Heartbeat: ago(age), Status: registry.Status{Role: registry.Passive, Candidate: true},
		Interval: time.Second, OrphanAfter: time.Minute, Schema: registry.Schema,
	}
	for _, f := range change {
		f(&in)
	}
	return in
}

func holdingOff(in *registry.Instance) { in.Candidate = false }

func priority(n int) func(*registry.Instance) { return func(in *registry.Instance) { in.Priority = n } }

func timing(interval, orphanAfter time.Duration) func(*registry.Instance) {
	return func(in *registry.Instance) { in.Interval, in.OrphanAfter = interval, orphanAfter }
}

// open returns a term that began half an hour ago.
func open(number int64, holder int) registry.Term {
	return registry.Term{
		Group: "g", Number: number, Holder: id(holder), Host: fmt.Sprintf("h%d", holder), OrphanAfter: time.Minute,
		StartedAt: ago(30 * time.Minute), Schema: registry.Schema,
	}
}

// over returns a term that began half an hour ago and ended the given time ago.
func over(number int64, holder int, before time.Duration, reason registry.Reason) registry.Term {
	t := open(number, holder)
	t.EndedAt, t.End.Reason = ago(before), reason
	return t
}

// snapshot makes a snapshot of records without any earlier one.
func snapshot(group string, terms []registry.Term, instances []registry.Instance, at time.Time, badInstance error) Group {
	return reading{terms: terms, instances: instances, at: at, badInstance: badInstance}.snapshot(group)
}
