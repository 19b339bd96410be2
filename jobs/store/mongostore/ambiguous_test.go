package mongostore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// faults are the ways in which an answer is lost, or leaves open what happened.
var faults = []struct {
	name    string
	data    []any
	applied bool
}{
	{"connection closed", []any{"closeConnection", true}, false},
	{"not writable primary", []any{"errorCode", 10107}, false},
	{"retryable by its label", []any{"errorCode", 189, "errorLabels", bson.A{"RetryableWriteError"}}, false},
	{"write concern timed out", []any{"writeConcernError", bson.M{"code": 64, "errmsg": "waiting for replication timed out"}}, true},
	{"stepped down while replicating", []any{"writeConcernError", bson.M{"code": 189, "errmsg": "stepped down", "errorLabels": bson.A{"RetryableWriteError"}}}, true},
}

// known are the errors that say what happened.
var known = []error{store.ErrSuperseded, store.ErrChanged, store.ErrNoRun, store.ErrNoJob, store.ErrConflict, store.ErrFull, store.ErrState, registry.ErrRefused, registry.ErrCorrupt}

// again makes a call until its answer says what happened: after a fault, the driver may
// take a moment to find the primary.
func again(t *testing.T, what string, call func() error) (said error) {
	t.Helper()
	mongotest.Eventually(t, what, func() error {
		said = call()
		for _, k := range known {
			if errors.Is(said, k) {
				return nil
			}
		}
		return said
	})
	return said
}

func wantOpen(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error, want one that leaves open whether it was applied", what)
	}
	for _, k := range known {
		if errors.Is(err, k) {
			t.Errorf("%s: %v, want an error that leaves open whether it was applied", what, err)
		}
	}
}

// After a lost answer the same call is made again, and what it returns tells the holder
// what is so. The driver never makes a call twice by itself.
func TestHolder_LearnsWhatALostAnswerSaid(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	r := open(t, set.URI())
	s := r.Jobs()
	h := holder(3)
	for i, f := range faults {
		lose := func(t *testing.T, command string) {
			t.Helper()
			set.FailCommand(t, 1, append([]any{"failCommands", bson.A{command}}, f.data...)...)
		}
		t.Run(f.name, func(t *testing.T) {
			ctx := t.Context()
			run := func(name string) store.Run { return processing(h, fmt.Sprint(name, i)) }

			t.Run("Claim", func(t *testing.T) {
				there := prepared(t, s, h, run("there"))
				mine := run("claim")
				lose(t, "insert")
				list, err := s.Claim(ctx, h, []store.Run{there, mine})
				wantOpen(t, "Claim", err)
				if list != nil {
					t.Errorf("Claim returned %v beside the error", list)
				}
				err = again(t, "Claim again", func() (err error) { list, err = s.Claim(ctx, h, []store.Run{there, mine}); return err })
				if err != nil || list[0] == nil || list[0].Nonce != there.Nonce {
					t.Fatalf("Claim again: %v, %v", list, err)
				}
				if f.applied != (list[1] != nil) || f.applied && list[1].Nonce != mine.Nonce {
					t.Errorf("Claim again: %+v; it was applied: %v", list[1], f.applied)
				}
			})

			t.Run("Update", func(t *testing.T) {
				mine := prepared(t, s, h, run("update"))
				done := completed(mine)
				lose(t, "update")
				_, err := s.Update(ctx, h, mine.Version(), done)
				wantOpen(t, "Update", err)
				var there *store.Run
				err = again(t, "Update again", func() (err error) { there, err = s.Update(ctx, h, mine.Version(), done); return err })
				switch {
				case !f.applied && (err != nil || there != nil):
					t.Errorf("Update again: %v, %v; want that it works now", there, err)
				case f.applied && (!errors.Is(err, store.ErrChanged) || there == nil || there.Version() != done.Version() || !there.EndedAt.Equal(done.EndedAt)):
					t.Errorf("Update again: %+v, %v; want the run as it was written", there, err)
				}
				if got, err := s.Run(ctx, mine.Key); err != nil || got.State != store.Completed || got.Open {
					t.Errorf("the run is %+v, %v", got, err)
				}
			})

			t.Run("SaveJobs", func(t *testing.T) {
				j := store.Job{Group: "g", Name: fmt.Sprint("job", i), Revision: 1, Mark: instant}
				lose(t, "update")
				wantOpen(t, "SaveJobs", s.SaveJobs(ctx, h, []store.Job{j}))
				if err := again(t, "SaveJobs again", func() error { return s.SaveJobs(ctx, h, []store.Job{j}) }); f.applied != errors.Is(err, store.ErrChanged) || !f.applied && err != nil {
					t.Errorf("SaveJobs again: %v; it was applied: %v", err, f.applied)
				}
				j.Revision++
				if err := s.SaveJobs(ctx, h, []store.Job{j}); err != nil {
					t.Errorf("SaveJobs of the next revision: %v", err)
				}
			})

			t.Run("Submit", func(t *testing.T) {
				trigger := triggered(fmt.Sprint("k:", i))
				for _, part := range []string{"insert of the payload", "insert of the run"} {
					trigger.Run += "+"
					if part == "insert of the payload" {
						lose(t, "insert")
					} else {
						set.FailCommand(t, 1, append([]any{"failCommands", bson.A{"insert"}, "namespace", "understudy.runs"}, f.data...)...)
					}
					_, created, err := s.Submit(ctx, trigger, []byte("payload"), 100)
					wantOpen(t, part, err)
					if created {
						t.Errorf("%s: created beside the error", part)
					}
					var stored store.Run
					err = again(t, "Submit again", func() (err error) { stored, created, err = s.Submit(ctx, trigger, []byte("payload"), 100); return err })
					if err != nil || stored.Key != trigger.Key || created != (!f.applied || part == "insert of the payload") {
						t.Errorf("%s: Submit again: %+v, %v, %v", part, stored, created, err)
					}
					if payload, err := s.Payload(ctx, trigger.Key); err != nil || string(payload) != "payload" {
						t.Errorf("%s: its payload is %q, %v", part, payload, err)
					}
				}
			})

			t.Run("Checkpoint", func(t *testing.T) {
				mine := prepared(t, s, h, run("checkpoint"))
				lose(t, "findAndModify")
				wantOpen(t, "SaveCheckpoint", s.SaveCheckpoint(ctx, h, mine.Key, 1, []byte("a")))
				if err := again(t, "SaveCheckpoint again", func() error { return s.SaveCheckpoint(ctx, h, mine.Key, 1, []byte("b")) }); err != nil {
					t.Errorf("SaveCheckpoint again: %v", err)
				}
				lose(t, "findAndModify")
				_, err := s.TakeCheckpoint(ctx, h, mine.Key, 2)
				wantOpen(t, "TakeCheckpoint", err)
				var c []byte
				if err := again(t, "TakeCheckpoint again", func() (err error) { c, err = s.TakeCheckpoint(ctx, h, mine.Key, 2); return err }); err != nil || string(c) != "b" {
					t.Errorf("TakeCheckpoint again: %q, %v", c, err)
				}
				lose(t, "insert")
				wantOpen(t, "AppendChunk", s.AppendChunk(ctx, h, mine.Key, 1, 0, 0, []byte("c")))
				if err := again(t, "AppendChunk again", func() error { return s.AppendChunk(ctx, h, mine.Key, 1, 0, 0, []byte("c")) }); err != nil {
					t.Errorf("AppendChunk again: %v", err)
				}
			})

			t.Run("CancelAndRetry", func(t *testing.T) {
				trigger := triggered(fmt.Sprint("cancel", i))
				if err := again(t, "Submit", func() error { _, _, err := s.Submit(ctx, trigger, nil, 100); return err }); err != nil {
					t.Fatal(err)
				}
				lose(t, "findAndModify")
				_, err := s.Cancel(ctx, trigger.Key, "me", "")
				wantOpen(t, "Cancel", err)
				err = again(t, "Cancel again", func() error { _, err := s.Cancel(ctx, trigger.Key, "me", ""); return err })
				if f.applied != errors.Is(err, store.ErrState) || !f.applied && err != nil {
					t.Errorf("Cancel again: %v; it was applied: %v", err, f.applied)
				}
				if got, err := s.Run(ctx, trigger.Key); err != nil || got.State != store.Cancelled {
					t.Errorf("the run is %+v, %v; want it cancelled", got, err)
				}
			})
		})
	}
}

// prepared claims a run, in spite of the fault of the test before.
func prepared(t *testing.T, s store.Store, h store.Holder, r store.Run) store.Run {
	t.Helper()
	if err := again(t, "Claim", func() error { _, err := s.Claim(t.Context(), h, []store.Run{r}); return err }); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestUpdate_OfAFinishWorksAfterItFailedThreeTimes(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	s, h := open(t, set.URI()).Jobs(), holder(1)
	r := claim(t, s, h, processing(h, "1"))
	set.FailCommand(t, 3, "failCommands", bson.A{"update"}, "closeConnection", true)
	failed := 0
	for {
		there, err := s.Update(t.Context(), h, r.Version(), completed(r))
		if err == nil {
			break
		}
		if there != nil {
			t.Fatalf("Update: %v, %v", there, err)
		}
		failed++
	}
	if got, err := s.Run(t.Context(), r.Key); err != nil || got.State != store.Completed || failed < 3 {
		t.Errorf("after %d failures the run is %+v, %v; want it completed after three", failed, got, err)
	}
}

// Claims go on while the primary changes, and while it is killed. Each run is claimed
// once, whatever the answers were.
func TestClaim_EachRunIsClaimedOnceAcrossAFailover(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 3)
	const holders, slots = 3, 40
	var wins [holders]map[string]bool
	var wait sync.WaitGroup
	begun := make(chan struct{}, holders*slots)
	for i := range holders {
		wins[i] = map[string]bool{}
		s, h := open(t, set.URI()).Jobs(), holder(1)
		wait.Go(func() {
			for n := range slots {
				slot := fmt.Sprint(n)
				r := processing(h, slot)
				for {
					ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
					there, err := s.Claim(ctx, h, []store.Run{r})
					cancel()
					if t.Context().Err() != nil {
						return
					}
					if err == nil {
						wins[i][slot] = there[0] == nil || there[0].Nonce == r.Nonce
						break
					}
					if there != nil {
						t.Errorf("Claim: %v, %v", there, err)
					}
					time.Sleep(5 * time.Millisecond)
				}
				begun <- struct{}{}
			}
		})
	}
	for range holders * slots / 4 {
		<-begun
	}
	set.StepDown(t)
	for range holders * slots / 4 {
		<-begun
	}
	killed := set.Primary(t)
	set.Kill(t, killed)
	wait.Wait()
	s := open(t, set.URI()).Jobs()
	for n := range slots {
		slot, winners := fmt.Sprint(n), 0
		for i := range holders {
			if wins[i][slot] {
				winners++
			}
		}
		if winners != 1 {
			t.Errorf("slot %s was claimed by %d holders, want 1", slot, winners)
		}
	}
	mongotest.Eventually(t, "reading the runs", func() error {
		runs, err := s.Runs(t.Context(), "g", store.Filter{Limit: store.MaxPage})
		if err == nil && len(runs) != slots {
			t.Errorf("%d runs, want %d", len(runs), slots)
		}
		return err
	})
}
