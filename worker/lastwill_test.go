package worker

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/lastwill"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
)

// diary is a registry that notes what a last will does.
type diary struct {
	registry.Registry
	settle func(ctx context.Context, r lastwill.Run, d *diary) error // a run

	mu    sync.Mutex
	lines []string
}

func init() {
	lastwill.SettleWith(func(ctx context.Context, reg registry.Registry, r lastwill.Run, _ *lastwill.Outcome) error {
		d := reg.(*diary)
		return d.settle(ctx, r, d)
	})
}

func (d *diary) note(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

func (d *diary) EndTerm(_ context.Context, group string, _ int64, _ uuid.UUID, _ registry.End) error {
	d.note("end " + group)
	return nil
}

func (d *diary) Unregister(context.Context, uuid.UUID) error { return nil }

func (d *diary) Close(context.Context) error { return nil }

// carryOut carries out the will of a member with a term, which has two of the three runs,
// and of one without.
func carryOut(ctx context.Context, settle func(ctx context.Context, r lastwill.Run, d *diary) error) (*diary, []lastwill.Entry) {
	id := uuid.New()
	runs := []lastwill.Run{{Group: "a", Instance: id, Term: 1}, {Group: "a", Instance: id, Term: 1}, {Group: "a", Instance: uuid.New(), Term: 1}}
	d := &diary{settle: settle}
	left := tryWill(ctx, "/", []lastwill.Entry{{Group: "a", Instance: id, Term: 1}, {Group: "b", Instance: id}}, runs,
		func(context.Context) (registry.Registry, error) { return d, nil })
	return d, left
}

func TestTryWill_RecordsTheRunsOfATermBeforeItsEnd(t *testing.T) {
	d, left := carryOut(t.Context(), func(_ context.Context, r lastwill.Run, d *diary) error {
		d.note("run of " + r.Group)
		return nil
	})
	want := []string{"run of a", "run of a", "end a"}
	if len(left) > 0 || len(d.lines) != len(want) || d.lines[0] != want[0] || d.lines[1] != want[1] || d.lines[2] != want[2] {
		t.Errorf("left %v, done %q, want %q", left, d.lines, want)
	}
}

func TestTryWill_EndsTheTermThoughItsRunsCannotBeRecorded(t *testing.T) {
	forever := make(chan bool)
	defer close(forever)
	for name, settle := range map[string]func(ctx context.Context, r lastwill.Run, d *diary) error{
		"refused":    func(context.Context, lastwill.Run, *diary) error { return errors.New("corrupt") },
		"no answer":  func(ctx context.Context, _ lastwill.Run, _ *diary) error { <-ctx.Done(); return ctx.Err() },
		"never ends": func(context.Context, lastwill.Run, *diary) error { <-forever; return nil },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
			defer cancel()
			began := time.Now()
			d, left := carryOut(ctx, settle)
			if len(left) > 0 || len(d.lines) != 1 || d.lines[0] != "end a" {
				t.Errorf("left %v, done %q", left, d.lines)
			}
			if took := time.Since(began); took > testkit.Patience/2 {
				t.Errorf("it took %v", took)
			}
		})
	}
}
