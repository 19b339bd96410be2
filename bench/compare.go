//go:build linux

package main

import "fmt"

// worst is by how much a ratio to the floor may be worse than the committed one.
const worst = 2

// worse lists the figures that are worse than twice the committed ones: in their ratio to
// the floor of their own run, or, if they are no durations, by themselves. It is an error if
// a committed figure was not measured.
func worse(now, committed []figure) (list []string) {
	measured := map[[5]any]figure{}
	for _, f := range now {
		measured[f.key()] = f
	}
	for _, before := range committed {
		f, ok := measured[before.key()]
		what := fmt.Sprintf("%s, %s, %s", before.Measure, before.System, before.Setting)
		switch {
		case before.N == 0 || before.Ratio == 0 && before.Unit == "ms" || before.Unit == perCore:
			continue // nothing to compare with, as of a floor
		case !ok || f.N == 0:
			list = append(list, fmt.Sprintf("%s: no figure (%s), committed is %s %s", what, f.Note, number(before.Median), before.Unit))
		case before.Ratio > 0 && f.Ratio > worst*before.Ratio:
			list = append(list, fmt.Sprintf("%s: %s times the floor, want at most %d times the committed %s", what, number(f.Ratio), worst, number(before.Ratio)))
		case before.Ratio == 0 && f.Median > worst*before.Median:
			list = append(list, fmt.Sprintf("%s: %s %s, want at most %d times the committed %s", what, number(f.Median), f.Unit, worst, number(before.Median)))
		}
	}
	return list
}
