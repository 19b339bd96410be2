package docs

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// figure is one number of a run of bench/, as its result has it.
type figure struct {
	Measure   string  `json:"measure"`
	System    string  `json:"system"`
	Setting   string  `json:"setting"`
	Instances int     `json:"instances"`
	Groups    string  `json:"groups"`
	Median    float64 `json:"median"`
	Ratio     float64 `json:"ratio"`
	N         int     `json:"n"`
}

// rows are what the README shows of a run.
var rows = []struct{ title, measure, setting, groups, unit string }{
	{"hand-over, TTL of 15 s", "hand-over", "same", "", "ms"},
	{"hand-over, fastest settings", "hand-over", "fast", "", "ms"},
	{"from SIGTERM to the next command's first output", "SIGTERM to the next command's first output", "default", "", "ms"},
	{"from `kill -9` to the same", "kill -9 to the next command's first output", "default", "", "ms"},
	{"from `kill -9` of a passive instance to the end of its record", "kill -9 of a passive one to its record's deletion", "default", "", "ms"},
	{"crash of a machine: takeover later than the TTL of 15 s", "crash, past the TTL", "same", "", "ms"},
	{"a passive instance reads, in a second", "reads of an idle passive one", "same", "", ""},
	{"it writes, in a second", "writes of an idle passive one", "same", "", ""},
	{"its memory, as a library", "memory of a passive one", "same", "", "MB"},
	{"hand-over, 100 instances in groups of three", "fleet: hand-over of one group meanwhile", "same", "groups of three/100", "ms"},
	{"1,000 instances", "fleet: hand-over of one group meanwhile", "same", "groups of three/1000", "ms"},
	{"one group of 100", "fleet: hand-over of one group meanwhile", "same", "one group of all/100", "ms"},
	{"one group of 1,000", "fleet: hand-over of one group meanwhile", "same", "one group of all/1000", "ms"},
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
			Processor             string
			Cores                 int
			LoadBefore, LoadAfter string
		}
		Figures []figure
	}
	if err := json.Unmarshal([]byte(read(t, "bench/results/"+name)), &r); err != nil {
		t.Fatal(err)
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
		if row.unit != "" {
			b.WriteString(", " + row.unit)
		}
		for _, s := range systems {
			b.WriteString(" | " + cell(r.Figures, row.measure, s.name, row.setting, row.groups))
		}
		b.WriteString(" |\n")
	}
	fmt.Fprintf(&b, "\n![Bars of what a hand-over, a kill and a crash cost each system, and lines of how a hand-over grows](%s.svg)\n", beside)
	return b.String()
}

// cell returns a figure and its ratio; a dash where there is no such figure.
func cell(figures []figure, measure, system, setting, groups string) string {
	for _, f := range figures {
		size := ""
		if f.Instances > 0 {
			size = f.Groups + "/" + strconv.Itoa(f.Instances)
		}
		if f.Measure != measure || f.System != system || f.Setting != setting || size != groups || f.N == 0 {
			continue
		}
		text := short(f.Median)
		if f.Ratio > 0 && f.Ratio < 100 {
			text += " (" + short(f.Ratio) + " ×)"
		}
		return text
	}
	return "–"
}

// short returns a number with two digits at least.
func short(x float64) string {
	if x > -10 && x < 10 {
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'f', 0, 64)
}
