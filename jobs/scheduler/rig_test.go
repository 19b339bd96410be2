package scheduler

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

// rig drives a machine of term 7 by hand, with a store that answers at once. Its clocks
// begin at 0, which is 10:00:00.
type rig struct {
	t        testing.TB
	m        *machine
	store    *simStore
	world    *world
	now      time.Duration
	away     map[kind]bool  // requests that get no answer
	fails    map[kind]error // requests that fail, and do nothing
	sent     map[kind]int   // how many there were
	seen     func(request)  // is told of each; nil: nobody is
	starts   []string
	stops    []string
	notes    []fact
	outcomes []store.Run
	drained  int
	over     bool
}

func newRig(t testing.TB, maxRuns int, list ...jobs.Definition) *rig {
	w := newWorld(1, unbroken)
	w.epoch = timeOf(t, "10:00:00")
	r := &rig{t: t, world: w, store: w.store, away: map[kind]bool{}, fails: map[kind]error{}, sent: map[kind]int{}}
	r.m = newMachine(settings{
		holder: store.Holder{Group: "g", Term: 7, Instance: uuid.UUID{7}}, host: "h", stopGrace: simGrace, killMargin: simGrace / 10,
		maxRuns: maxRuns, poll: 5 * time.Second, pruneEvery: time.Hour, minAge: time.Hour, newNonce: uuid.New,
		strayEvery: 10 * time.Minute, slotPatience: slotPatience, askedPatience: askedPatience,
		jitter: func(d time.Duration) time.Duration { return d },
	}, r.file(list...), 1000*time.Hour)
	return r
}

func (r *rig) file(list ...jobs.Definition) (file []Job) {
	for _, d := range list {
		d = d.WithDefaults(simLease, simGrace)
		file = append(file, Job{Definition: d, Next: slotNext(r.t, d)})
	}
	return file
}

// begin lets the machine take over.
func (r *rig) begin() *rig {
	r.do(beat{r.world.epoch.Add(r.now), r.now, r.now})
	return r
}

// do gives the machine an event, and carries out what follows.
func (r *rig) do(e event) {
	r.world.now = r.now
	queue := []event{e}
	for len(queue) > 0 {
		e, queue = queue[0], queue[1:]
		if x, ok := e.(attemptEnded); ok && x.end.unstarted && r.m.runs[x.key] != nil {
			r.world.unstarted[simAttemptID{x.key, r.m.runs[x.key].record.Attempt}] = true
		}
		for _, a := range slices.Clone(r.m.step(r.now, e)) {
			switch a := a.(type) {
			case request:
				r.sent[a.kind]++
				if r.seen != nil {
					r.seen(a)
				}
				if err := r.fails[a.kind]; err != nil {
					queue = append(queue, answer{request: a, err: err})
				} else if !r.away[a.kind] {
					queue = append(queue, r.store.apply(r.m.holder, a))
				}
			case startAttempt:
				r.world.started[simAttemptID{a.run.Key, a.run.Attempt}] = true
				r.starts = append(r.starts, fmt.Sprintf("%s#%d", r.short(a.run.Key), a.run.Attempt))
			case stopAttempt:
				r.stops = append(r.stops, fmt.Sprintf("%s immediate %v", r.short(a.key), a.immediate))
			case note:
				r.notes = append(r.notes, a.fact)
			case outcome:
				r.outcomes = append(r.outcomes, a.run)
			case drained:
				r.drained++
			case finish:
				r.over = true
			}
		}
	}
	if r.world.violation != "" {
		r.t.Fatal(r.world.violation)
	}
}

// short names a run: of a slot, by its time of day.
func (r *rig) short(k store.Key) string {
	if at, err := time.Parse(time.RFC3339, k.Run); err == nil {
		return k.Job + "/" + at.Format("15:04:05")
	}
	return k.Job + "/" + k.Run
}

// until lets time pass until a time of day. Beats keep the clock known.
func (r *rig) until(text string) {
	end := timeOf(r.t, text).Sub(r.world.epoch)
	for r.now < end {
		r.now = min(end, max(r.m.deadline(), r.now+time.Millisecond))
		r.do(tick{})
	}
}

// end ends the attempt that runs of a run.
func (r *rig) end(job, run string, e store.AttemptEnd) {
	r.t.Helper()
	for k, x := range r.m.runs {
		if x.phase == running && k.Job == job && (r.short(k) == job+"/"+run) {
			code := 0
			if e == store.AttemptFailed {
				code = 1
			}
			r.do(attemptEnded{key: k, end: ending{end: e, code: code}})
			return
		}
	}
	r.t.Fatalf("%s/%s does not run; started were %v", job, run, r.starts)
}

// stored returns the state of a run's record.
func (r *rig) stored(job, run string) string {
	for k, x := range r.store.runs {
		if r.short(k) == job+"/"+run {
			return string(x.State)
		}
	}
	return "none"
}

// put stores a run as of an earlier time.
func (r *rig) put(x store.Run) store.Key {
	x.Group, x.Open = "g", x.Open || !x.State.Ended()
	if x.At.IsZero() {
		x.At = r.world.epoch.Add(-time.Minute)
	}
	if x.Due.IsZero() {
		x.Due = x.At
	}
	for n := len(x.Attempts) + 1; n <= x.Attempt; n++ {
		a := store.Attempt{Number: n, Term: x.Term, From: x.At}
		if x.State != store.Processing || n < x.Attempt {
			a.End, a.To = store.AttemptFailed, x.At
		}
		x.Attempts = append(x.Attempts, a)
	}
	if x.State == store.Processing {
		r.world.started[simAttemptID{x.Key, x.Attempt}] = true
	}
	r.store.put(x)
	return x.Key
}

func equal[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
