//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

// committed is the result with which the short form compares.
const committed = "results/short.json"

// short measures Understudy alone, and compares with what is committed.
func (s *stage) short(ctx context.Context, o choices) error {
	r := newResult()
	r.version("go.mongodb.org/mongo-driver/v2", "modernc.org/sqlite")
	if err := s.startMongo(1); err != nil {
		if os.Getenv("UNDERSTUDY_TEST_REQUIRE_MONGODB") == "1" {
			return err
		}
		logf("without MongoDB: %v", err)
	}
	ours := []string{"sqlite"}
	if s.stores["mongodb1"] != nil {
		ours = append(ours, "mongodb1")
	}
	set := ofTiming("same", sameTiming)
	var systems []system
	for _, st := range ours {
		sys := understudy(st)
		sys.settings = []setting{set}
		systems = append(systems, sys)
	}
	floors, err := s.floors(ctx)
	if err != nil {
		return err
	}
	measure := func() {
		r.Figures = nil
		for _, f := range floors {
			f.samples = nil
		}
		r.Figures = s.handovers(ctx, systems, floors, 12, time.Minute)
		r.Figures = append(r.Figures, s.programFigures(ctx, ours, []setting{set}, floors, 10, 0)...)
		r.Figures = append(r.Figures, s.idles(ctx, systems, 5*time.Second)...)
		finish(r, systems, floors)
		r.table(os.Stdout)
	}
	measure()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if o.update {
		return r.write(committed)
	}
	before, err := readResult(committed)
	if err != nil {
		return err
	}
	wanted := before.Figures[:0:0]
	for _, f := range before.Figures {
		if s.stores["mongodb1"] != nil || f.System != understudy("mongodb1").name {
			wanted = append(wanted, f)
		}
	}
	list := worse(r.Figures, wanted)
	if len(list) > 0 {
		// Others use this machine as well. Only what is worse twice is worse.
		logf("worse than committed, measuring once more:\n%s", strings.Join(list, "\n"))
		again := map[[5]any]bool{}
		for _, f := range wanted {
			if len(worse(r.Figures, []figure{f})) > 0 {
				again[f.key()] = true
			}
		}
		measure()
		twice := wanted[:0:0]
		for _, f := range wanted {
			if again[f.key()] {
				twice = append(twice, f)
			}
		}
		list = worse(r.Figures, twice)
	}
	if len(list) > 0 {
		return fmt.Errorf("worse than %s allows:\n%s", committed, strings.Join(list, "\n"))
	}
	return nil
}
