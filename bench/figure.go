//go:build linux

package main

import (
	"slices"
	"strings"
	"time"
)

// figure is one number of the benchmark, with its spread.
type figure struct {
	Measure string `json:"measure"`
	System  string `json:"system"`
	Setting string `json:"setting"`
	// Of the measures that grow: how many instances there were, and in groups of how many.
	Instances int    `json:"instances,omitempty"`
	Groups    string `json:"groups,omitempty"`

	Unit   string  `json:"unit"`
	Median float64 `json:"median"`
	Low    float64 `json:"low"`  // the 10th percentile, or the least of fewer than ten
	High   float64 `json:"high"` // the 90th percentile, or the most of fewer than ten
	N      int     `json:"n"`

	// Ratio is the median divided by that of the floor that was measured in the same
	// run on the same store. It is 0 where there is no such floor.
	Ratio float64 `json:"ratio,omitempty"`
	// Note says why there is no number, or what to know about it.
	Note string `json:"note,omitempty"`
}

// perCore is the unit of processor time. It depends on the machine, and on who else uses it.
const perCore = "% of a core"

// key is what two runs compare.
func (f figure) key() [5]any {
	return [5]any{f.Measure, f.System, f.Setting, f.Instances, f.Groups}
}

// summarize fills in the numbers of a figure.
func (f figure) summarize(samples []float64) figure {
	f.N = len(samples)
	if f.N == 0 {
		if f.Note == "" {
			f.Note = "no sample"
		}
		return f
	}
	s := slices.Clone(samples)
	slices.Sort(s)
	f.Median = (s[(len(s)-1)/2] + s[len(s)/2]) / 2
	f.Low, f.High = s[0], s[len(s)-1]
	if len(s) >= 10 {
		f.Low, f.High = s[len(s)/10], s[len(s)-1-len(s)/10]
	}
	return f
}

// percentile returns the value that a part of the samples does not exceed.
func percentile(samples []time.Duration, part float64) time.Duration {
	if len(samples) == 0 {
		return 0
	}
	s := slices.Clone(samples)
	slices.Sort(s)
	return s[min(len(s)-1, int(part*float64(len(s))))]
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func inMS(list []time.Duration) (out []float64) {
	for _, d := range list {
		out = append(out, ms(d))
	}
	return out
}

// inOrder sorts figures that were measured at the same time: by the order of the systems,
// and of their settings.
func inOrder(list []figure, systems []system) []figure {
	place := func(f figure) int {
		n := 0
		for _, sys := range systems {
			for _, set := range sys.settings {
				if f.System == sys.name && f.Setting == set.name {
					return n
				}
				n++
			}
		}
		return n
	}
	slices.SortStableFunc(list, func(a, b figure) int { return place(a) - place(b) })
	return list
}

// divide sets the ratio of each figure whose store has a floor. Where a command is started,
// the start of a small program is a part of the floor.
func divide(list []figure, floors map[string]figure, storeOf map[string]string) {
	for i := range list {
		f := &list[i]
		floor, ok := floors[storeOf[f.System]]
		if ok && f.Unit == "ms" && f.N > 0 && floor.Median > 0 {
			least := floor.Median
			if strings.Contains(f.Measure, "command") {
				least += floors["process"].Median
			}
			f.Ratio = f.Median / least
		}
	}
}
