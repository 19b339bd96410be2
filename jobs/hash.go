package jobs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Hash tells whether two definitions of a job have the same slots. When it changes, slots
// of the past do not count as missed: nothing fires backwards because of an edit.
//
// So it covers what decides which slots there are: Schedules, At, Zone and Disabled. It
// ignores the order of schedules, those that are there twice, spaces in them, and the
// letter case of names. It does not cover the rules by which a slot runs, nor what runs:
// otherwise a release with another command or timeout would lose the slots that were due
// while it was rolled out. The name is the identity of the job and not in it either.
//
// It is stored, so it must stay the same in each version.
func (d Definition) Hash() string {
	var schedules []string
	for _, text := range d.Schedules {
		schedules = append(schedules, strings.ToUpper(strings.Join(strings.Fields(text), " ")))
	}
	slices.Sort(schedules)
	zone := d.Zone
	fill(&zone, DefaultZone)
	if len(schedules) == 0 {
		zone = "" // At is an instant in any zone
	}
	at := ""
	if !d.At.IsZero() {
		at = d.At.UTC().Format(time.RFC3339Nano)
	}
	h := sha256.New()
	fmt.Fprintf(h, "v1\nzone %q\nat %q\ndisabled %t\n", zone, at, d.Disabled)
	for _, s := range slices.Compact(schedules) {
		fmt.Fprintf(h, "schedule %q\n", s)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
