package scheduler_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/scheduler"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// The slots that a job missed while it was paused have one record for all of them, and the
// next slot runs, even under missed: all.
func TestResume_MissedSlotsHaveOneRecord(t *testing.T) {
	const missed = 1000
	reg := openSQLite(t)
	s := reg.Jobs()
	d := jobs.Definition{Name: "tick", Schedules: []string{"@every 1s"}, Missed: jobs.Missed{Policy: jobs.MissedAll, Limit: 1000}}
	// An earlier holder has decided about all slots up to a thousand seconds ago.
	h := store.Holder{Group: "g", Term: 1, Instance: uuid.Must(uuid.NewV7())}
	if err := reg.BeginTerm(t.Context(), registry.Term{Group: "g", Number: 1, Holder: h.Instance}); err != nil {
		t.Fatal(err)
	}
	mark := time.Now().Add(-missed * time.Second).Truncate(time.Second).UTC()
	if err := s.SaveJobs(t.Context(), h, []store.Job{{Group: "g", Name: "tick", Hash: d.Hash(), Mark: mark, Since: mark, Revision: 1}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Pause(t.Context(), "g", "tick", "somebody", "holidays"); err != nil {
		t.Fatal(err)
	}
	resumed, err := s.Resume(t.Context(), "g", "tick")
	if err != nil || resumed.Resumed.IsZero() {
		t.Fatalf("resumed at %v, %v", resumed.Resumed, err)
	}
	if err := reg.EndTerm(t.Context(), "g", 1, h.Instance, registry.End{Reason: registry.Stopped}); err != nil {
		t.Fatal(err)
	}
	ran := make(chan time.Time, 1)
	lead(t, reg, zerolog.Nop(), []scheduler.Job{{Definition: d, Func: func(_ context.Context, r *jobs.Run) error {
		select {
		case ran <- r.Slot():
		default:
		}
		return nil
	}}})
	var first time.Time
	select {
	case first = <-ran:
	case <-time.After(testkit.Patience):
		t.Fatal("no slot runs")
	}
	if !first.After(resumed.Resumed) {
		t.Errorf("slot %v ran, which is from before it was resumed at %v", first, resumed.Resumed)
	}
	runs, err := s.Runs(t.Context(), "g", store.Filter{Job: "tick", States: []store.State{store.Skipped}, Limit: 10})
	if err != nil || len(runs) != 1 || !strings.Contains(runs[0].Remark, "while the job was paused") {
		t.Fatalf("the records of what was skipped are %+v, %v; want one", runs, err)
	}
	if want := fmt.Sprintf("%d slots from ", resumed.Resumed.Sub(mark)/time.Second); !strings.HasPrefix(runs[0].Remark, want) {
		t.Errorf("got %q, want %q", runs[0].Remark, want)
	}
}
