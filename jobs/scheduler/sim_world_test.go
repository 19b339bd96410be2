package scheduler

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

const (
	simLease = time.Minute // from a beat that is sent to the end of the lease
	simGrace = 5 * time.Second
	simBeat  = 5 * time.Second
	simRuns  = 6           // attempts at a time
	simDrain = time.Minute // the longest drain of a job
	// simChaos is for how long things go wrong in a schedule, and simCalm how long nothing
	// does afterwards.
	simChaos = 6 * time.Hour
	simCalm  = time.Hour
	// For how long runs of jobs that are not in the file wait.
	simWindow        = 5 * time.Minute // of the job that is not always there
	simSlotPatience  = 10 * time.Minute
	simAskedPatience = 20 * time.Minute
)

var errSim = errors.New("no answer")

// world simulates one group: a store, holders that come and go, attempts, people, and
// faults. One holder after another has a term; the next one begins when the lease of the
// one before is over, or it has ended its term.
type world struct {
	seed  uint64
	rand  *rand.Rand
	now   time.Duration
	queue timeline
	seq   int
	calm  bool // no faults any more

	epoch     time.Time
	shift     time.Duration // of the registry's clock
	steppedAt time.Duration // when it was set last
	store     *simStore

	holder *simHolder
	term   int64
	list   []Job // the file
	edited int   // how often it was edited
	n      int   // counts what needs a number of its own

	active    map[store.Key]int // attempts that run, by run
	perJob    map[string]int    // the same, by job
	started   map[simAttemptID]bool
	unstarted map[simAttemptID]bool       // of them, those whose command was not started
	children  map[string]string           // child by its parent and job
	planned   map[[16]byte]bool           // nonces of claims that were sent
	told      map[store.Key]bool          // runs of whose end somebody was told
	cancels   map[store.Key]time.Duration // when somebody wanted a run to be cancelled that was processed
	again     map[int64]bool              // terms that were led a second time

	willing bool               // the present update is one of a last will
	settled int                // how many ends were recorded by last wills
	untold  map[store.Key]bool // runs whose outcome a last will has recorded, and no holder has told of yet

	violation string
	trace     trace
}

type simAttemptID struct {
	key    store.Key
	number int
}

func newWorld(seed uint64, b breakage) *world {
	w := &world{
		seed: seed, rand: rand.New(rand.NewPCG(seed, 1)), epoch: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
		active: map[store.Key]int{}, perJob: map[string]int{}, started: map[simAttemptID]bool{}, unstarted: map[simAttemptID]bool{}, again: map[int64]bool{},
		children: map[string]string{}, planned: map[[16]byte]bool{}, told: map[store.Key]bool{}, untold: map[store.Key]bool{}, cancels: map[store.Key]time.Duration{},
	}
	w.store = newSimStore(w, b)
	w.list = simFile(0)
	return w
}

// run simulates a schedule. It returns what was violated, if anything was.
func (w *world) run() string {
	w.takeOver(w.term+1, 0)
	w.people()
	w.edits()
	w.clocks()
	w.runUntil(simChaos)
	w.calm = true
	for name, j := range w.store.jobs {
		if j.Paused != nil {
			w.store.pause(name, w.registryTime())
		}
	}
	w.runUntil(simChaos + simCalm)
	w.checkEnd()
	return w.violation
}

func (w *world) runUntil(until time.Duration) {
	for len(w.queue) > 0 && w.queue[0].at <= until && w.violation == "" {
		e := heap.Pop(&w.queue).(timed)
		w.now = e.at
		e.do()
	}
	if w.violation == "" {
		w.now = until
	}
}

type timed struct {
	at  time.Duration
	seq int
	do  func()
}

// timeline is a heap of what is to happen.
type timeline []timed

func (q timeline) Len() int      { return len(q) }
func (q timeline) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q timeline) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[i].at, q[j].at), q[i].seq-q[j].seq) < 0
}
func (q *timeline) Push(e any) { *q = append(*q, e.(timed)) }
func (q *timeline) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	(*q)[last] = timed{}
	*q = (*q)[:last]
	return e
}

func (w *world) after(d time.Duration, do func()) {
	w.seq++
	heap.Push(&w.queue, timed{w.now + max(d, 0), w.seq, do})
}

func (w *world) registryTime() time.Time { return w.epoch.Add(w.now + w.shift) }

func (w *world) chance(percent int) bool { return w.rand.IntN(100) < percent }

func (w *world) between(a, b time.Duration) time.Duration {
	return a + time.Duration(w.rand.Int64N(int64(b-a)+1))
}

// fail notes that a rule was violated. The first one counts.
func (w *world) fail(format string, args ...any) {
	if w.violation == "" {
		w.violation = fmt.Sprintf(format, args...)
	}
}

// trace is what happened last.
type trace struct {
	ring [200]string
	n    int
	hash uint64
}

func (w *world) tell(format string, args ...any) {
	line := fmt.Sprintf("%14v term %d: ", w.now, w.term) + fmt.Sprintf(format, args...)
	w.trace.ring[w.trace.n%len(w.trace.ring)] = line
	w.trace.n++
	h := fnv.New64a()
	fmt.Fprint(h, w.trace.hash, line)
	w.trace.hash = h.Sum64()
}

func (t *trace) tail(n int) (lines string) {
	for i := max(0, t.n-min(n, len(t.ring))); i < t.n; i++ {
		lines += t.ring[i%len(t.ring)] + "\n"
	}
	return lines
}

// simFile returns the jobs file after so many edits.
func simFile(edits int) (list []Job) {
	edited := []string{"@every 20s", "@every 1m", "@every 25s"}[edits%3]
	for _, d := range []jobs.Definition{
		{Name: "all", Schedules: []string{"@every 1m"}, Missed: jobs.Missed{Policy: jobs.MissedAll, Limit: 1000}, Retries: jobs.Retries{Max: 2}},
		{Name: "allow", Schedules: []string{"@every 30s"}, Overlap: jobs.OverlapAllow, Drain: simDrain, Missed: jobs.Missed{Policy: jobs.MissedAll, Limit: 20, Window: time.Hour}},
		{Name: "asked", Then: []jobs.Then{{Job: "child", On: jobs.OnAlways}, {Job: "alarm", On: jobs.OnFailure}}},
		{Name: "alarm", Priority: 5, OnFinish: "https://hooks.example/x"},
		{Name: "child"},
		{Name: "edited", Schedules: []string{edited}, Missed: jobs.Missed{Policy: jobs.MissedAll, Limit: 50, Window: time.Hour}, Keep: jobs.Keep{Runs: 3}, Disabled: edits%7 == 3},
		{Name: "sometimes", Schedules: []string{"@every 30s"}, Priority: -1, Overlap: jobs.OverlapQueue, Missed: jobs.Missed{Window: simWindow}, Retries: jobs.Retries{Max: 3, Backoff: time.Minute}},
		{Name: "once", Schedules: []string{"*/2 * * * *"}, Interrupted: jobs.InterruptedFail, Keep: jobs.Keep{Runs: 3}, Missed: jobs.Missed{Window: time.Hour}},
		{Name: "queue", Schedules: []string{"@every 90s"}, Overlap: jobs.OverlapQueue, Missed: jobs.Missed{Policy: jobs.MissedSkip}, Retries: jobs.Retries{Max: 3, Backoff: 20 * time.Second}},
		{Name: "replace", Schedules: []string{"@every 1m"}, Overlap: jobs.OverlapReplace, Retries: jobs.Retries{Max: 1, Backoff: time.Second}, Drain: 20 * time.Second},
	} {
		if d.Name == "sometimes" && edits%5 == 2 {
			continue
		}
		d = d.WithDefaults(simLease, simGrace)
		table, err := d.Timetable("g")
		if err != nil {
			panic(err)
		}
		list = append(list, Job{Definition: d, Next: table.Next})
	}
	return list
}

// definition returns a job of the present file.
func (w *world) definition(name string) (Job, bool) {
	i := slices.IndexFunc(w.list, func(j Job) bool { return j.Name == name })
	if i < 0 {
		return Job{}, false
	}
	return w.list[i], true
}
