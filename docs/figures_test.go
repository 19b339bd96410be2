package docs

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// measured says what a figure of bench/ is of.
type measured struct {
	Measure, System, Setting string
	Instances                int
	Groups                   string
}

// figure is one number of a run, as its result has it.
type figure struct {
	measured
	Median, Ratio float64
	N             int
}

// rows are what the README shows of a run.
var rows = []struct {
	title string
	of    measured // any system
}{
	{"hand-over, TTL of 15 s, ms", measured{Measure: "hand-over", Setting: "same"}},
	{"hand-over, fastest settings, ms", measured{Measure: "hand-over", Setting: "fast"}},
	{"from SIGTERM to the next command's first output, ms", measured{Measure: "SIGTERM to the next command's first output", Setting: "default"}},
	{"from `kill -9` to the same, ms", measured{Measure: "kill -9 to the next command's first output", Setting: "default"}},
	{"from `kill -9` of a passive instance to the end of its record, ms", measured{Measure: "kill -9 of a passive one to its record's deletion", Setting: "default"}},
	{"crash of a machine: takeover later than the TTL of 15 s, ms", measured{Measure: "crash, past the TTL", Setting: "same"}},
	{"a passive instance reads, in a second", measured{Measure: "reads of an idle passive one", Setting: "same"}},
	{"it writes, in a second", measured{Measure: "writes of an idle passive one", Setting: "same"}},
	{"its memory, as a library, MB", measured{Measure: "memory of a passive one", Setting: "same"}},
	{"hand-over, 100 instances in groups of three, ms", ofFleet(100, "groups of three")},
	{"1,000 instances, ms", ofFleet(1000, "groups of three")},
	{"one group of 100, ms", ofFleet(100, "one group of all")},
	{"one group of 1,000, ms", ofFleet(1000, "one group of all")},
}

func ofFleet(instances int, groups string) measured {
	return measured{Measure: "fleet: hand-over of one group meanwhile", Setting: "same", Instances: instances, Groups: groups}
}

// systems are the columns, each with a short title.
var systems = []struct{ name, title string }{
	{"Understudy, SQLite", "Understudy, SQLite"},
	{"Understudy, MongoDB, one node", "MongoDB, one node"},
	{"Understudy, MongoDB, three nodes", "MongoDB, three nodes"},
	{"etcd concurrency.Election", "etcd"},
	{"client-go leaderelection", "client-go"},
	{"River's elector, SQLite", "River, SQLite"},
}

// sideBySide returns the table of the newest run of bench/ that is kept.
func sideBySide(t *testing.T) string {
	t.Helper()
	runs, err := filepath.Glob(filepath.Join(root, "bench/results/20*.json"))
	if err != nil || len(runs) == 0 {
		t.Fatalf("bench/results has no run: %v", err)
	}
	name := filepath.Base(runs[len(runs)-1])
	var r struct {
		Date, Command string
		Machine       struct {
			Processor string
			Cores     int
		}
		Figures []figure
	}
	if err := json.Unmarshal([]byte(read(t, "bench/results/"+name)), &r); err != nil {
		t.Fatal(err)
	}
	figures := map[measured]figure{}
	for _, f := range r.Figures {
		figures[f.measured] = f
	}
	day, _, _ := strings.Cut(r.Date, "T")
	beside := "bench/results/" + strings.TrimSuffix(name, ".json")
	var b strings.Builder
	fmt.Fprintf(&b, "Medians of %s: `%s` in `bench/`, %s with %d cores, on which clients and servers run together.\n", day, r.Command, r.Machine.Processor, r.Machine.Cores)
	b.WriteString("The figure in brackets is the ratio to what the store itself needs in the same run (its floor).\n")
	fmt.Fprintf(&b, "[All figures, with their spread](%s.md); [what they mean](bench/README.md).\n\n|", beside)
	for _, s := range systems {
		b.WriteString(" | " + s.title)
	}
	b.WriteString(" |\n|---|" + strings.Repeat("---:|", len(systems)) + "\n")
	for _, row := range rows {
		b.WriteString("| " + row.title)
		for _, s := range systems {
			row.of.System = s.name
			b.WriteString(" | " + cell(figures[row.of]))
		}
		b.WriteString(" |\n")
	}
	fmt.Fprintf(&b, "\n![Bars of what a hand-over, a kill and a crash cost each system, and lines of how a hand-over grows](%s.svg)\n", beside)
	return b.String()
}

// cell returns a figure and its ratio; a dash if nothing was measured.
func cell(f figure) string {
	if f.N == 0 {
		return "–"
	}
	text := short(f.Median)
	if f.Ratio > 0 && f.Ratio < 100 {
		text += " (" + short(f.Ratio) + " ×)"
	}
	return text
}

// short returns a number with two digits at least.
func short(x float64) string {
	if x > -10 && x < 10 {
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'f', 0, 64)
}
