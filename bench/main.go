//go:build linux

// Command bench measures Understudy side by side with others that elect: how long a
// hand-over and a crash take, what an idle instance costs, and how that grows.
//
//	go run .          # everything; takes long
//	go run . -short   # Understudy against its own floor, within a minute; fails if it got worse
//
// See README.md.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type choices struct {
	short  bool
	update bool
	out    string
	sizes  []int
	limit  time.Duration
	rounds int
	parts  []string
}

// parts are what can be measured by itself, in this order.
var parts = []string{"handovers", "commands", "crashes", "idle", "fleets"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		err = run(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func parse(args []string) (o choices, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.BoolVar(&o.short, "short", false, "measure Understudy alone, and fail if it is worse than "+committed+" allows")
	flags.BoolVar(&o.update, "update", false, "with -short: write "+committed+" anew")
	flags.StringVar(&o.out, "out", "results/"+time.Now().UTC().Format("2006-01-02")+".json", "the JSON `file`; the table and the chart are beside it")
	sizes := flags.String("sizes", "10,100,1000,3000", "how many instances the fleets have")
	flags.DurationVar(&o.limit, "limit", 90*time.Second, "the time that one size of one system may take")
	chosen := flags.String("parts", strings.Join(parts, ","), "what to measure")
	flags.IntVar(&o.rounds, "rounds", 30, "how many hand-overs of each system")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("argument %q: want none", flags.Arg(0))
	}
	for field := range strings.SplitSeq(*sizes, ",") {
		n, err := strconv.Atoi(field)
		if err != nil || n < 3 {
			return o, fmt.Errorf("-sizes %q: want numbers of 3 or more with commas between them", *sizes)
		}
		o.sizes = append(o.sizes, n)
	}
	for part := range strings.SplitSeq(*chosen, ",") {
		if !slices.Contains(parts, part) {
			return o, fmt.Errorf("-parts %q: want some of %s", *chosen, strings.Join(parts, ","))
		}
		o.parts = append(o.parts, part)
	}
	if o.out, err = filepath.Abs(o.out); err != nil {
		return o, err
	}
	if o.rounds < 1 || o.limit <= 0 {
		return o, errors.New("-rounds and -limit: want something above 0")
	}
	return o, nil
}

func logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

func run(ctx context.Context, o choices) error {
	dir, err := os.MkdirTemp("", "understudy-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s := &stage{dir: dir, bin: filepath.Join(dir, "bin"), stores: map[string]*store{}}
	defer s.stop()
	if err := s.build(ctx, "..", "understudy", "."); err != nil {
		return err
	}
	if err := s.build(ctx, "", "", "./member", "./firstline"); err != nil {
		return err
	}
	if o.short {
		return s.short(ctx, o)
	}
	return s.full(ctx, o)
}

// build builds programs, static, as they are released. A name is that of the only
// program.
func (s *stage) build(ctx context.Context, dir, name string, packages ...string) error {
	logf("building %s", strings.Join(packages, " "))
	if err := os.MkdirAll(s.bin, 0o700); err != nil {
		return err
	}
	out := s.bin + "/"
	if name != "" {
		out = s.path(name)
	}
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-ldflags=-s -w", "-o", out}, packages...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %v: %w\n%s", packages, err, text)
	}
	return nil
}

// storeOf says with which floor a system is compared.
func storeOf(systems []system) map[string]string {
	of := map[string]string{}
	for _, sys := range systems {
		switch sys.store {
		case "river":
			of[sys.name] = "sqlite"
		case "kubernetes":
			of[sys.name] = "etcd"
		default:
			of[sys.name] = sys.store
		}
	}
	return of
}

// finish puts the floors in front of the figures, and sets the ratios.
func finish(r *result, systems []system, floors []*floor) {
	of := map[string]figure{}
	var list []figure
	for _, f := range floors {
		of[f.name] = f.figure()
		list = append(list, of[f.name])
	}
	figures := r.Figures
	for len(figures) > 0 && figures[0].Measure == "floor" {
		figures = figures[1:]
	}
	divide(figures, of, storeOf(systems))
	r.Figures = append(list, figures...)
}

// full measures everything. It writes what it has after each part.
func (s *stage) full(ctx context.Context, o choices) error {
	if err := os.MkdirAll(filepath.Dir(o.out), 0o755); err != nil {
		return err
	}
	if err := s.build(ctx, "peers", "", "./..."); err != nil {
		return err
	}
	r := newResult()
	r.commit()
	r.version("go.mongodb.org/mongo-driver/v2", "modernc.org/sqlite")
	r.versionOf("peers", "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/client/v3", "k8s.io/client-go", "github.com/riverqueue/river")
	logf("starting the servers")
	err := errors.Join(s.startMongo(1), s.startMongo(3), s.startEtcd("etcd", "default"), s.startEtcd("etcd-fast", "fast"), s.startAPIServer())
	if err != nil {
		return err
	}
	ours := []string{"sqlite", "mongodb1", "mongodb3"}
	var systems []system
	for _, st := range ours {
		systems = append(systems, understudy(st))
	}
	systems = append(systems, peers...)
	floors, err := s.floors(ctx)
	if err != nil {
		return err
	}
	save := func(list []figure) error {
		r.Figures = append(r.Figures, list...)
		finish(r, systems, floors)
		beside := strings.TrimSuffix(o.out, ".json")
		var table bytes.Buffer
		r.table(&table)
		return errors.Join(r.write(o.out), os.WriteFile(beside+".md", table.Bytes(), 0o644), os.WriteFile(beside+".svg", []byte(draw(r)), 0o644))
	}
	sets := understudy("sqlite").settings
	if err := save(nil); err != nil { // rather now than after an hour
		return err
	}
	var failed error
	measure := map[string]func() []figure{
		"handovers": func() []figure { return s.handovers(ctx, systems, floors, o.rounds, 2*time.Minute) },
		"commands": func() []figure {
			return s.programFigures(ctx, ours, sets, floors, o.rounds, 5)
		},
		"crashes": func() []figure { return s.crashes(ctx, systems, 4) },
		"idle": func() []figure {
			return append(s.idles(ctx, systems, 15*time.Second), s.idlePrograms(ctx, ours, sets[0], 15*time.Second)...)
		},
		"fleets": func() []figure {
			s.scales(ctx, systems, o.sizes, o.limit, func(list []figure) {
				for _, f := range list {
					if f.Measure == fleetHandover {
						logf("%s, %d in %s: hand-over %s ms %s", f.System, f.Instances, f.Groups, number(f.Median), f.Note)
					}
				}
				failed = errors.Join(failed, save(list))
			})
			return nil
		},
	}
	for _, part := range parts {
		if slices.Contains(o.parts, part) && ctx.Err() == nil {
			logf("measuring %s", part)
			failed = errors.Join(failed, save(measure[part]()))
		}
	}
	r.table(os.Stdout)
	return errors.Join(failed, ctx.Err())
}
