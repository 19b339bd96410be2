package status

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// counted counts how often it is asked. Without f it answers with that number as the
// latest term.
type counted struct {
	asked atomic.Int64
	f     func(context.Context) (Group, error)
}

func (c *counted) ask(ctx context.Context) (Group, error) {
	n := c.asked.Add(1)
	if c.f != nil {
		return c.f(ctx)
	}
	return Group{Term: n}, nil
}

func newLookout(c *counted) *Lookout[Group] { return NewLookout(900*time.Millisecond, c.ask) }

func TestLookout_AsksHangingRegistryOnceAndAnswersAfterTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := make(chan struct{})
		c := &counted{f: func(context.Context) (Group, error) { // it does not end with its context, either
			<-answer
			return Group{}, nil
		}}
		l := newLookout(c)
		for range 3 {
			begun := time.Now()
			var all sync.WaitGroup
			for range 50 {
				all.Go(func() {
					if _, err := l.Snapshot(t.Context()); err == nil || !strings.Contains(err.Error(), "no answer from the registry within 2s") {
						t.Errorf("error %v", err)
					}
				})
			}
			all.Wait()
			if took := time.Since(begun); took != ReadLimit {
				t.Errorf("waited %v, want %v", took, ReadLimit)
			}
		}
		if n := c.asked.Load(); n != 1 {
			t.Errorf("asked %d times at once", n)
		}
		close(answer)
		synctest.Wait()
		if _, err := l.Snapshot(t.Context()); err != nil {
			t.Errorf("after it answered: %v", err)
		}
	})
}

func TestLookout_BoundsTheReadByItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLookout(&counted{f: func(ctx context.Context) (Group, error) {
			<-ctx.Done()
			return Group{}, ctx.Err()
		}})
		begun := time.Now()
		var all sync.WaitGroup
		for range 2 { // the second one would wait for longer than the read takes
			all.Go(func() {
				_, err := l.Snapshot(t.Context())
				if took := time.Since(begun); err == nil || !strings.Contains(err.Error(), "no answer from the registry within 2s") || took != ReadLimit {
					t.Errorf("error %v after %v", err, took)
				}
			})
			time.Sleep(time.Second)
		}
		all.Wait()
		if err := l.Close(t.Context()); err != nil {
			t.Errorf("a read is left: %v", err)
		}
	})
}

func TestLookout_KeepsResultForOthers(t *testing.T) {
	for name, fails := range map[string]error{"a snapshot": nil, "an error": errors.New("refused")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &counted{f: func(context.Context) (Group, error) { return Group{}, fails }}
				l := newLookout(c)
				for range 40 { // for four seconds
					if _, err := l.Snapshot(t.Context()); !errors.Is(err, fails) {
						t.Errorf("error %v", err)
					}
					time.Sleep(100 * time.Millisecond)
				}
				if n := c.asked.Load(); n < 4 || n > 5 {
					t.Errorf("asked %d times in four seconds", n)
				}
			})
		})
	}
}

func TestLookout_ClientThatLeavesDoesNotEndTheRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLookout(&counted{f: func(ctx context.Context) (Group, error) {
			select {
			case <-time.After(time.Second):
				return Group{Term: 7}, nil
			case <-ctx.Done():
				return Group{}, ctx.Err()
			}
		}})
		ctx, leave := context.WithCancel(t.Context())
		go func() {
			if _, err := l.Snapshot(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
		}()
		synctest.Wait()
		leave()
		if g, err := l.Snapshot(t.Context()); err != nil || g.Term != 7 {
			t.Errorf("term %d, error %v", g.Term, err)
		}
	})
}

func TestLookout_AsksNobodyAfterClose(t *testing.T) {
	c := &counted{}
	l := newLookout(c)
	if err := l.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if g, err := l.Snapshot(t.Context()); err == nil || c.asked.Load() > 0 {
		t.Errorf("asked %d times, got term %d, %v", c.asked.Load(), g.Term, err)
	}
}

// TestLookout_CallDuringCloseIsSnapshotOrError: a call that comes while Close waits must
// not get an empty snapshot for a good one.
func TestLookout_CallDuringCloseIsSnapshotOrError(t *testing.T) {
	for range 200 {
		l := newLookout(&counted{})
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if g, err := l.Snapshot(t.Context()); err == nil && g.Term == 0 {
					t.Error("an empty snapshot, and no error")
				}
			})
		}
		all.Go(func() {
			if err := l.Close(t.Context()); err != nil {
				t.Errorf("close: %v", err)
			}
		})
		all.Wait()
		if _, err := l.Snapshot(t.Context()); !errors.Is(err, errClosed) {
			t.Errorf("error %v, want %v", err, errClosed)
		}
	}
}

func TestLookout_PanicIsAnError(t *testing.T) {
	l := newLookout(&counted{f: func(context.Context) (Group, error) { panic("out of order") }})
	if _, err := l.Snapshot(t.Context()); err == nil || !strings.Contains(err.Error(), "out of order") {
		t.Errorf("error %v", err)
	}
}
