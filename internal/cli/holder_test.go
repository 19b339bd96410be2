package cli

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
)

// holder is the active instance of the group "default", played by a test.
type holder struct {
	testRegistry
	store.Holder
	store store.Store
	rev   int64
}

// hold begins the first term of the group and saves jobs, which are due in an hour if they
// have a schedule.
func (s testRegistry) hold(t *testing.T, jobs ...store.Job) *holder {
	t.Helper()
	id := s.join(t, "default", "db1")
	s.begin(t, "default", 1, id, "db1")
	h := &holder{testRegistry: s, Holder: store.Holder{Group: "default", Term: 1, Instance: id}, store: s.Jobs()}
	h.save(t, jobs...)
	return h
}

func (h *holder) save(t *testing.T, jobs ...store.Job) {
	t.Helper()
	h.rev++
	for i := range jobs {
		jobs[i].Group, jobs[i].Revision, jobs[i].Mark, jobs[i].Hash = h.Group, h.rev, time.Now(), "hash"
	}
	if err := h.store.SaveJobs(t.Context(), h.Holder, jobs); err != nil {
		t.Fatal(err)
	}
}

// trigger makes a run that waits.
func (h *holder) trigger(t *testing.T, job, run string) store.Key {
	t.Helper()
	k := h.key(job, run)
	if _, _, err := h.store.Submit(t.Context(), store.Run{Key: k, Trigger: store.ByPerson}, nil, 10); err != nil {
		t.Fatal(err)
	}
	return k
}

func (h *holder) key(job, run string) store.Key { return store.Key{Group: h.Group, Job: job, Run: run} }

// ended claims a run that began and ended some time ago.
func (h *holder) ended(t *testing.T, k store.Key, state store.State, end store.AttemptEnd, code int, ago time.Duration, change ...func(*store.Run)) {
	t.Helper()
	at := time.Now().Add(-ago)
	r := store.Run{
		Key: k, Trigger: store.BySchedule, Slot: at.Add(-time.Minute), At: at.Add(-time.Minute), Due: at.Add(-time.Minute), State: state, EndedAt: at, Attempt: 1,
		Attempts: []store.Attempt{{Number: 1, Instance: h.Instance, Host: "db1", Term: h.Term, From: at.Add(-time.Minute), To: at, End: end, ExitCode: code}},
	}
	for _, f := range change {
		f(&r)
	}
	h.claim(t, r)
}

func (h *holder) claim(t *testing.T, r store.Run) {
	t.Helper()
	if there, err := h.store.Claim(t.Context(), h.Holder, []store.Run{r}); err != nil || there[0] != nil {
		t.Fatalf("claim of %s: %v, %v", r.Key, there, err)
	}
}

// start claims a waiting run, and begins its next attempt.
func (h *holder) start(t *testing.T, k store.Key) store.Run {
	t.Helper()
	was, err := h.store.Run(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	r := was
	r.State, r.Open, r.Attempt, r.Nonce = store.Processing, true, r.Attempt+1, uuid.New()
	r.Attempts = append(r.Attempts, store.Attempt{Number: r.Attempt, Instance: h.Instance, Host: "db1", Term: h.Term, From: time.Now()})
	h.update(t, was, r)
	r.Term, r.Instance = h.Term, h.Instance
	return r
}

func (h *holder) update(t *testing.T, was, r store.Run) {
	t.Helper()
	if there, err := h.store.Update(t.Context(), h.Holder, was.Version(), r); err != nil {
		t.Fatalf("update of %s: %+v, %v", r.Key, there, err)
	}
}

// finish ends the attempt of a run, and the run unless the state is that it waits.
func (h *holder) finish(t *testing.T, r store.Run, state store.State, end store.AttemptEnd, code int, o store.Output) {
	t.Helper()
	was := r
	r.State, r.Output = state, o
	a := &r.Attempts[len(r.Attempts)-1]
	a.To, a.End, a.ExitCode = time.Now(), end, code
	if state.Ended() {
		r.Open, r.EndedAt = false, time.Now()
	}
	h.update(t, was, r)
}

func (h *holder) chunk(t *testing.T, r store.Run, n int, offset int64, text string) {
	t.Helper()
	if err := h.store.AppendChunk(t.Context(), h.Holder, r.Key, r.Attempt, n, offset, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// waiting waits until a run of a job waits, and returns it.
func (h *holder) waiting(t *testing.T, job string) (found store.Run) {
	t.Helper()
	testkit.Until(t, "a waiting run of "+job, func() bool {
		list, _ := h.store.Runs(t.Context(), h.Group, store.Filter{Job: job, States: []store.State{store.Waiting}, Limit: 1})
		if len(list) > 0 {
			found = list[0]
		}
		return len(list) > 0
	})
	return found
}

// program is the program that runs in this process beside a test.
type program struct {
	out, log testkit.LogBuffer
	code     chan int
}

func startProgram(args ...string) *program {
	p := &program{code: make(chan int, 1)}
	go func() { p.code <- Main(context.Background(), args, &p.out, &p.log) }()
	return p
}

// end waits until the program has ended.
func (p *program) end(t *testing.T) (code int, stdout, stderr string) {
	t.Helper()
	select {
	case code = <-p.code:
	case <-time.After(testkit.Patience):
		t.Fatalf("it has not ended: stdout %q, stderr %q", p.out.String(), p.log.String())
	}
	return code, p.out.String(), testkit.WithoutWaiting(p.log.String())
}

// want runs the program and checks its exit code, and that what it prints contains texts.
func want(t *testing.T, code int, args []string, texts ...string) (stdout, stderr string) {
	t.Helper()
	got, stdout, stderr := inProcess(args...)
	if got != code {
		t.Errorf("%q: exit code %d, want %d; stdout %q, stderr %q", args, got, code, stdout, stderr)
	}
	for _, text := range texts {
		if !bytes.Contains([]byte(stdout+stderr), []byte(text)) {
			t.Errorf("%q: want %q in stdout %q, stderr %q", args, text, stdout, stderr)
		}
	}
	return stdout, stderr
}
