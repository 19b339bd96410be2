// Package candidate is what every program of the benchmark that takes part in elections
// has in common, whichever library elects. The benchmark starts such a program, tells it
// by lines on its stdin who joins and who leaves, and reads on its stdout what happened
// and when. One process may hold many candidates.
package candidate

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Now is the instant that all processes of one machine compare: CLOCK_BOOTTIME.
func Now() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		panic(err)
	}
	return time.Duration(ts.Nano())
}

// What an event says.
const (
	Joined  = "joined"  // the candidate is known to the store, or waits for its turn
	Active  = "active"  // its work has begun
	Passive = "passive" // its work was told to stop
	Leaving = "leaving" // it begins to leave in order; its work is over
	Left    = "left"    // it has left
	Failed  = "failed"
	Renewed = "renewed" // its lease counts from that instant; only with EnvRenewals
	Stats   = "stats"
)

// EnvRenewals is the variable of the environment with which a program reports each renewal.
const EnvRenewals = "BENCH_RENEWALS"

// Event is one line that a program writes.
type Event struct {
	Kind  string        `json:"kind"`
	Group string        `json:"group,omitempty"`
	Name  string        `json:"name,omitempty"`
	At    time.Duration `json:"at"`
	Error string        `json:"error,omitempty"`
	// Writes are the commits that this process has made so far, where only the process
	// itself can count them, as with SQLite.
	Writes int64 `json:"writes,omitempty"`
	// Renewals are how long each renewal of a registration took since the last Stats.
	Renewals []time.Duration `json:"renewals,omitempty"`
}

// Report is how one candidate says what happens to it.
type Report struct {
	Joined, Active, Passive func()
	Renewed                 func(sent time.Duration)
}

// Join takes part in the election of a group until ctx ends, and then leaves in order, so
// that another candidate can follow at once.
type Join func(ctx context.Context, group, name string, r Report) error

// Counters are what a program counts by itself. Each of them may be nil.
type Counters struct {
	Writes   func() int64
	Renewals func() []time.Duration
}

// Main runs a program until its stdin ends. Each line of stdin is
//
//	join GROUP NAME | leave GROUP NAME | stats
func Main(join Join, counters Counters) {
	p := &program{join: join, counters: counters, out: bufio.NewWriter(os.Stdout), members: map[string]*member{}}
	if err := p.run(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type program struct {
	join     Join
	counters Counters

	mu  sync.Mutex // of out
	out *bufio.Writer

	members map[string]*member
	wait    sync.WaitGroup
}

type member struct {
	leave context.CancelFunc
	gone  chan struct{}
}

func (p *program) run(in io.Reader) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch {
		case len(words) == 3 && words[0] == "join":
			p.start(words[1], words[2])
		case len(words) == 3 && words[0] == "leave":
			if m := p.members[words[1]+" "+words[2]]; m != nil {
				m.leave()
			}
		case slices.Equal(words, []string{"stats"}):
			p.stats()
		default:
			return fmt.Errorf("line %q: want join GROUP NAME, leave GROUP NAME or stats", lines.Text())
		}
	}
	for _, m := range p.members {
		m.leave()
	}
	p.wait.Wait()
	return lines.Err()
}

// start lets a candidate join. If the one of that name is still leaving, it waits for that.
func (p *program) start(group, name string) {
	before := p.members[group+" "+name]
	ctx, cancel := context.WithCancel(context.Background())
	m := &member{gone: make(chan struct{})}
	m.leave = func() {
		p.write(Event{Kind: Leaving, Group: group, Name: name, At: Now()})
		cancel()
	}
	p.members[group+" "+name] = m
	p.wait.Go(func() {
		defer close(m.gone)
		if before != nil {
			<-before.gone
		}
		say := func(kind string) func() {
			return func() { p.write(Event{Kind: kind, Group: group, Name: name, At: Now()}) }
		}
		renewed := func(time.Duration) {}
		if os.Getenv(EnvRenewals) != "" {
			renewed = func(sent time.Duration) { p.write(Event{Kind: Renewed, Group: group, Name: name, At: sent}) }
		}
		if err := p.join(ctx, group, name, Report{Joined: say(Joined), Active: say(Active), Passive: say(Passive), Renewed: renewed}); err != nil {
			p.write(Event{Kind: Failed, Group: group, Name: name, At: Now(), Error: err.Error()})
			return
		}
		p.write(Event{Kind: Left, Group: group, Name: name, At: Now()})
	})
}

func (p *program) stats() {
	e := Event{Kind: Stats, At: Now()}
	if p.counters.Writes != nil {
		e.Writes = p.counters.Writes()
	}
	if p.counters.Renewals != nil {
		e.Renewals = p.counters.Renewals()
	}
	p.write(e)
}

// write writes an event. The instant in it was taken before, so nobody's measurement waits
// for the pipe.
func (p *program) write(e Event) {
	line, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = p.out.Write(append(line, '\n'))
	_ = p.out.Flush() // if the benchmark is gone, stdin ends as well
}
