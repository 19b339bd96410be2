//go:build linux

package main

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/bench/candidate"
	"github.com/understudy-go/understudy/internal/mongotest"
)

func TestFigure_SummarizeGivesMedianAndSpread(t *testing.T) {
	for _, tt := range []struct {
		samples           []float64
		median, low, high float64
	}{
		{[]float64{7}, 7, 7, 7},
		{[]float64{9, 1, 5}, 5, 1, 9},
		{[]float64{4, 1, 2, 3}, 2.5, 1, 4},
		{[]float64{100, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 6, 2, 10},
	} {
		f := figure{}.summarize(tt.samples)
		if f.Median != tt.median || f.Low != tt.low || f.High != tt.high || f.N != len(tt.samples) {
			t.Errorf("%v became %+v, want %v from %v to %v", tt.samples, f, tt.median, tt.low, tt.high)
		}
	}
	if f := (figure{}).summarize(nil); f.N != 0 || f.Note == "" {
		t.Errorf("nothing became %+v, want a note", f)
	}
}

func TestFinish_RatiosAreToTheFloorOfTheSameStore(t *testing.T) {
	r := &result{Figures: []figure{
		{Measure: "hand-over", System: "Understudy, SQLite", Unit: "ms", Median: 3, N: 1},
		{Measure: "hand-over", System: "client-go leaderelection", Unit: "ms", Median: 8, N: 1},
		{Measure: "memory", System: "Understudy, SQLite", Unit: "MB", Median: 3, N: 1},
		{Measure: "SIGTERM to the next command's first output", System: "Understudy, SQLite", Unit: "ms", Median: 18, N: 1},
		{Measure: "hand-over", System: "Understudy, MongoDB, one node", Unit: "ms", Note: "cut"},
	}}
	floors := []*floor{{name: "sqlite", samples: []time.Duration{2 * time.Millisecond}}, {name: "etcd", samples: []time.Duration{4 * time.Millisecond}}, {name: "process", samples: []time.Duration{time.Millisecond}}}
	for range 2 { // each part of a run ends so
		finish(r, append([]system{understudy("sqlite"), understudy("mongodb1")}, peers...), floors)
	}
	if len(r.Figures) != 8 {
		t.Fatalf("%d figures, want each floor once before the 5", len(r.Figures))
	}
	for i, want := range []float64{0, 0, 0, 1.5, 2, 0, 6, 0} {
		if got := r.Figures[i].Ratio; got != want {
			t.Errorf("%s of %s is %v times its floor, want %v", r.Figures[i].Measure, r.Figures[i].System, got, want)
		}
	}
}

func TestWorse(t *testing.T) {
	committed := figure{Measure: "hand-over", System: "s", Unit: "ms", Median: 10, Ratio: 2, N: 1}
	count := figure{Measure: "writes", System: "s", Unit: "1/s", Median: 1, N: 1}
	for _, tt := range []struct {
		name   string
		before figure
		change func(*figure)
		worse  bool
	}{
		{"slower, with a slower floor", committed, func(f *figure) { f.Median = 50 }, false},
		{"less than twice the ratio", committed, func(f *figure) { f.Ratio = 3.9 }, false},
		{"more than twice the ratio", committed, func(f *figure) { f.Ratio = 4.1 }, true},
		{"not measured", committed, func(f *figure) { f.N = 0 }, true},
		{"another figure", committed, func(f *figure) { f.System = "t" }, true},
		{"twice the operations", count, func(f *figure) { f.Median = 2 }, false},
		{"more than twice the operations", count, func(f *figure) { f.Median = 2.1 }, true},
		{"a floor", figure{Measure: "floor", Unit: "ms", Median: 1, N: 1}, func(f *figure) { f.Median = 9 }, false},
		{"the processor of a busy machine", figure{Measure: "p", Unit: perCore, Median: 1, N: 1}, func(f *figure) { f.Median = 9 }, false},
		{"what was not there before either", figure{Measure: "p", Unit: "MB"}, func(f *figure) {}, false},
	} {
		now := tt.before
		tt.change(&now)
		if list := worse([]figure{now}, []figure{tt.before}); (len(list) > 0) != tt.worse {
			t.Errorf("%s: got %q, want it to be worse: %v", tt.name, list, tt.worse)
		}
	}
}

func TestDraw_IsWellFormed(t *testing.T) {
	r := &result{Figures: []figure{
		{Measure: "hand-over", System: "A & <B>", Setting: "same", Unit: "ms", Median: 3, Low: 1, High: 9, N: 3},
		{Measure: "crash, past the TTL", System: "A & <B>", Setting: "fast", Unit: "ms", Median: -3, Low: -9, High: 1e9, N: 3},
		{Measure: fleetHandover, System: "A & <B>", Setting: "same", Instances: 10, Groups: one, Unit: "ms", Median: 3, N: 1},
		{Measure: fleetHandover, System: "A & <B>", Setting: "same", Instances: 3000, Groups: one, Unit: "ms", Note: "cut"},
	}}
	picture := draw(r)
	decoder := xml.NewDecoder(strings.NewReader(picture))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, picture)
		}
	}
	for _, want := range []string{"A &amp; &lt;B&gt; (not 3000)", "polyline"} {
		if !strings.Contains(picture, want) {
			t.Errorf("no %s in\n%s", want, picture)
		}
	}
}

func TestSettings_AreSupported(t *testing.T) {
	for _, set := range understudy("sqlite").settings {
		if err := set.timing.Check(); err != nil {
			t.Errorf("%s: %v", set.name, err)
		}
	}
}

func TestParse_RefusesWhatMakesNoSense(t *testing.T) {
	for _, args := range []string{"-sizes=2", "-sizes=x", "-rounds=0", "-limit=0s", "-sizes=", "-parts=all", "more"} {
		if _, err := parse([]string{args}); err == nil {
			t.Errorf("%s: no error", args)
		}
	}
	o, err := parse([]string{"-sizes=10,300"})
	if err != nil || len(o.sizes) != 2 || o.sizes[1] != 300 {
		t.Errorf("two sizes became %v, %v", o.sizes, err)
	}
}

func TestCrew_HolderAndRenewals(t *testing.T) {
	c := &crew{said: newEvents()}
	for _, ev := range []candidate.Event{
		{Kind: candidate.Active, Group: "g", Name: "a", At: 1},
		{Kind: candidate.Renewed, Group: "g", Name: "a", At: 4},
		{Kind: candidate.Renewed, Group: "g", Name: "a", At: 9},
		{Kind: candidate.Active, Group: "h", Name: "c", At: 5},
		{Kind: candidate.Active, Group: "g", Name: "b", At: 6},
	} {
		c.said.add(ev)
	}
	if name := c.said.holder("g"); name != "b" {
		t.Errorf("%s holds g, want b", name)
	}
	if at := c.renewed("g", "a", 8); at != 4 {
		t.Errorf("renewed at %d, want 4", at)
	}
}

func TestEvents_AwaitEndsWithItsContext(t *testing.T) {
	e := newEvents()
	ctx, cancel := context.WithCancelCause(t.Context())
	go cancel(errors.New("no more time"))
	_, err := e.await(ctx, 0, "a miracle", func(candidate.Event) bool { return false })
	if err == nil || !strings.Contains(err.Error(), "a miracle") || !strings.Contains(err.Error(), "no more time") {
		t.Errorf("got %v, want what did not come, and why", err)
	}
}

func TestFleet_GroupsOfThreeHaveThreeOrMore(t *testing.T) {
	for _, size := range []int{3, 10, 100, 3000} {
		f := &fleet{figure: figure{Instances: size, Groups: threes}}
		members := map[string]int{}
		for i := range size {
			members[f.group(i)]++
		}
		if len(members) != f.groups() {
			t.Errorf("%d instances are in %d groups, want %d", size, len(members), f.groups())
		}
		for group, n := range members {
			if n < 3 || n > 5 {
				t.Errorf("of %d instances, %s has %d", size, group, n)
			}
		}
	}
}

func TestBareBeats_OneASecondForEachInstance(t *testing.T) {
	set := mongotest.Start(t, 1)
	st := &store{name: "mongodb1", set: set, pids: set.PIDs()}
	const size = 20
	list, err := st.bareBeats(t.Context(), size, 3*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]float64{}
	for _, f := range list {
		if f.N != 1 || f.Instances != size || f.System != "MongoDB, one node, bare" {
			t.Errorf("%+v", f)
		}
		of[strings.TrimPrefix(f.Measure, "beats alone: ")] = f.Median
	}
	if sent := of["beats that were sent"]; sent <= 0 || sent > size+1 { // fewer if the machine is busy
		t.Errorf("%v beats a second, want about %d", sent, size)
	}
	if of["99th percentile"] <= 0 || of["processor of the store"] <= 0 || of["processor of the clients"] <= 0 {
		t.Errorf("figures %v, want all of them above 0", of)
	}
}

func TestInOrder_FiguresAreInTheOrderOfTheSystems(t *testing.T) {
	systems := append([]system{understudy("sqlite")}, peers...)
	a, b, c := peers[0].name, systems[0].name, peers[2].name
	list := inOrder([]figure{{System: a, Setting: "fast"}, {System: c, Setting: "same"}, {System: b, Setting: "same"}, {System: a, Setting: "same"}}, systems)
	got := ""
	for _, f := range list {
		got += f.System + " " + f.Setting + "; "
	}
	if want := b + " same; " + a + " same; " + a + " fast; " + c + " same; "; got != want {
		t.Errorf("got %s want %s", got, want)
	}
}

func TestFleet_CandidateThatFailedJoinsAgain(t *testing.T) {
	var told strings.Builder
	p := &process{in: noClose{&told}}
	f := &fleet{crew: &crew{said: newEvents(), processes: []*process{p, p, p}}, active: map[string]string{}, joined: map[string]bool{}}
	f.crew.said.add(candidate.Event{Kind: candidate.Failed, Group: "g0", Name: "i2", Error: "no server"})
	f.follow()
	if told.String() != "join g0 i2\n" || f.failed != 1 || f.why != "no server" {
		t.Errorf("told %q, %d failed because of %q", told.String(), f.failed, f.why)
	}
	f.crew.said.add(candidate.Event{Kind: candidate.Joined, Group: "g0", Name: "i2"})
	f.follow()
	if !f.joined["i2"] {
		t.Error("it has not joined")
	}
}

type noClose struct{ io.Writer }

func (noClose) Close() error { return nil }
