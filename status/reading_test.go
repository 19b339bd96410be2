package status

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// script is an Admin that answers each read of terms with the next item of a list, and
// then with the last item again and again.
type script struct {
	registry.Admin
	terms     [][]registry.Term
	instances []registry.Instance
	asked     []int
	failing   int   // the number of the read of terms that fails; 0: none
	badTerm   error // of reads of more than one term; the terms are returned with it
	badRead   error // of reads of the instances; they are returned with ErrCorrupt and ErrSchema
}

var errDown = errors.New("down")

func (s *script) Terms(_ context.Context, _ string, n int) ([]registry.Term, error) {
	s.asked = append(s.asked, n)
	if len(s.asked) == s.failing {
		return nil, errDown
	}
	if n > 1 {
		return s.terms[min(len(s.asked), len(s.terms))-1], s.badTerm
	}
	return s.terms[min(len(s.asked), len(s.terms))-1], nil
}

func (s *script) Instances(context.Context, string) ([]registry.Instance, time.Time, error) {
	if errors.Is(s.badRead, errDown) {
		return nil, time.Time{}, errDown
	}
	return s.instances, now, s.badRead
}

func (s *script) Info(context.Context) (registry.Info, error) { return registry.Info{At: now}, nil }

func TestObserve_ReadsAgainAfterAChange(t *testing.T) {
	type terms = []registry.Term
	three, ended, four := terms{open(3, 1)}, terms{over(3, 1, 0, registry.Stopped)}, terms{open(4, 2)}
	for _, tt := range []struct {
		name  string
		reads []terms
		want  int // reads
		term  int64
	}{
		{"nothing changed", []terms{four}, 2, 4},
		{"nothing there", []terms{nil}, 2, 0},
		{"the first term began", []terms{nil, four}, 4, 4},
		{"a takeover", []terms{three, four}, 4, 4},
		{"an end, then a takeover", []terms{three, ended, ended, four}, 6, 4},
		{"it changes all the time", []terms{three, ended, three, ended, three, ended}, 6, 3},
	} {
		s := &script{terms: tt.reads, instances: []registry.Instance{instance(2, time.Second)}}
		g, err := Observe(context.Background(), s, "g", 5)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if len(s.asked) != tt.want || s.asked[0] != 5 || g.Term != tt.term || g.Healthy != (tt.term == 4) {
			t.Errorf("%s: after reads %v: term %d, healthy %v (%s)", tt.name, s.asked, g.Term, g.Healthy, g.Health)
		}
	}
}

func TestObserve_ReadsAtLeastOneTerm(t *testing.T) {
	for _, n := range []int{-1, 0, 1} {
		s := &script{terms: [][]registry.Term{{open(3, 1)}}}
		if g, err := Observe(context.Background(), s, "g", n); err != nil || s.asked[0] != 1 || len(g.Terms) != 1 {
			t.Errorf("n %d: asked for %v, got %d terms, %v", n, s.asked, len(g.Terms), err)
		}
	}
}

func TestObserve_ReturnsErrorsOfTheRegistry(t *testing.T) {
	for _, s := range []*script{
		{terms: [][]registry.Term{nil}, failing: 1},
		{terms: [][]registry.Term{nil}, failing: 2},
		{terms: [][]registry.Term{nil}, badRead: errDown},
	} {
		if _, err := Observe(context.Background(), s, "g", 1); !errors.Is(err, errDown) {
			t.Errorf("%v, want %v", err, errDown)
		}
	}
}

func TestObserve_UnreadableInstanceHidesNoOther(t *testing.T) {
	corrupt := fmt.Errorf("instances: %w: instance x: beat is \x1b", registry.ErrCorrupt)
	newer := fmt.Errorf("instances: %w: upgrade it", registry.ErrSchema)
	two := []registry.Instance{instance(1, time.Second), instance(2, time.Second)}
	for _, tt := range []struct {
		name      string
		terms     []registry.Term
		instances []registry.Instance
		err       error
		healthy   bool
		want      string
	}{
		{"corrupt", []registry.Term{open(3, 1)}, two, corrupt, true, `1 active, 1 passive; a record cannot be read: instances: corrupt record: instance x: beat is \x1b`},
		{"newer", []registry.Term{open(3, 1)}, two, newer, true, "1 active, 1 passive; a record cannot be read: instances: written by a newer version: upgrade it"},
		{"possibly that of the active one", []registry.Term{open(3, 9)}, two, newer, false,
			"the registration of the active one, h9/000009, is gone or cannot be read; 2 passive; a record cannot be read: instances: "},
		{"that of the only one", nil, nil, newer, false, "no instance that can be read; a record cannot be read: instances: "},
	} {
		s := &script{terms: [][]registry.Term{tt.terms}, instances: tt.instances, badRead: tt.err}
		g, err := Observe(context.Background(), s, "g", 1)
		if err != nil || len(g.Instances) != len(tt.instances) || g.Healthy != tt.healthy || !strings.HasPrefix(g.Health, tt.want) || !strings.HasSuffix(g.Health, g.Unread) || g.Unread == "" {
			t.Errorf("%s: %v, %d instances, healthy %v, %q, want %q", tt.name, err, len(g.Instances), g.Healthy, g.Health, tt.want)
		}
	}
}

func TestObserve_UnreadableOldTermHidesNoOther(t *testing.T) {
	latest, old := open(4, 1), over(2, 2, time.Hour, registry.Stopped) // term 3 cannot be read
	old.StartedAt = ago(2 * time.Hour)
	s := &script{terms: [][]registry.Term{{latest, old}}, instances: []registry.Instance{instance(1, time.Second), instance(2, time.Second)},
		badTerm: fmt.Errorf("terms: %w: term 3: schema is \x1b", registry.ErrCorrupt)}
	const text = `terms: corrupt record: term 3: schema is \x1b`
	g, err := Observe(context.Background(), s, "g", 20)
	if err != nil || !g.Healthy || len(g.Terms) != 2 || g.Unread != text || g.Health != "1 active, 1 passive; a record cannot be read: "+text {
		t.Errorf("snapshot: %v, %d terms, healthy %v, %q, %q", err, len(g.Terms), g.Healthy, g.Health, g.Unread)
	}
	s.badRead = fmt.Errorf("instances: %w", registry.ErrSchema)
	if g, err := Observe(context.Background(), s, "g", 20); err != nil || g.Unread != "instances: written by a newer version; "+text {
		t.Errorf("both: %v, %q", err, g.Unread)
	}
	terms, _, err := History(context.Background(), s, "g", 20)
	if !errors.Is(err, registry.ErrCorrupt) || len(terms) != 2 {
		t.Fatalf("history: %d terms, %v", len(terms), err)
	}
	if terms[1].Gap != nil || !terms[1].AtMost {
		t.Errorf("a gap of %v, although an instance may have been active in it", terms[1].Gap)
	}
}

// Without the latest term it is not known which instance is active.
func TestObserve_NeedsTheLatestTerm(t *testing.T) {
	corrupt := fmt.Errorf("terms: %w", registry.ErrCorrupt)
	for name, s := range map[string]registry.Admin{
		"the latest is unreadable": &illegible{latest: corrupt, old: []registry.Term{over(2, 2, time.Hour, registry.Stopped)}},
		"all are unreadable":       &illegible{latest: corrupt},
		"only the latest is readable, and it was not among the first read": &script{terms: [][]registry.Term{nil, {open(3, 1)}, nil, {open(3, 1)}, nil, {open(3, 1)}, nil}, badTerm: corrupt},
	} {
		if g, err := Observe(context.Background(), s, "g", 20); !errors.Is(err, registry.ErrCorrupt) {
			t.Errorf("%s: %v, %q", name, err, g.Health)
		}
		if terms, _, err := History(context.Background(), s, "g", 20); !errors.Is(err, registry.ErrCorrupt) || len(terms) > 0 {
			t.Errorf("%s: %v, %d terms", name, err, len(terms))
		}
	}
}

// illegible is an Admin whose latest term cannot be read.
type illegible struct {
	script
	latest error
	old    []registry.Term
}

func (i *illegible) Terms(_ context.Context, _ string, n int) ([]registry.Term, error) {
	return i.old[:min(n-1, len(i.old))], i.latest
}

func TestHistory_NeedsNoInstances(t *testing.T) {
	s := &script{terms: [][]registry.Term{{open(4, 2), over(3, 1, time.Hour, registry.Stopped)}}, badRead: errDown}
	terms, at, err := History(context.Background(), s, "g", 7)
	if err != nil || len(terms) != 2 || !at.Equal(now) || s.asked[0] != 7 || terms[0].Length != Seconds(30*time.Minute) {
		t.Errorf("%v at %v, %v; asked for %v", terms, at, err, s.asked)
	}
	s = &script{terms: [][]registry.Term{nil}, failing: 1}
	if _, _, err := History(context.Background(), s, "g", 7); !errors.Is(err, errDown) {
		t.Errorf("%v, want %v", err, errDown)
	}
}

// No more of a difference is shown than the time that the answer took leaves certain.
func TestObserve_TellsHowFarTheRegistrysClockIsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct{ set, want time.Duration }{
			{0, 0}, {2 * time.Second, 0}, {-2 * time.Second, 0},
			{time.Hour, time.Hour - 3*time.Second}, {-time.Hour, -time.Hour + 3*time.Second + time.Millisecond},
		} {
			s := newSimulated()
			s.set = tt.set
			g, err := Observe(t.Context(), slow{s}, "g", 1)
			if err != nil || g.ClockAhead != tt.want {
				t.Errorf("set by %v: ahead by %v, %v; want %v", tt.set, g.ClockAhead, err, tt.want)
			}
		}
	})
}

// slow reads the instances 3 s after the call, and answers 3 s later.
type slow struct{ *simulated }

func (s slow) Instances(ctx context.Context, group string) ([]registry.Instance, time.Time, error) {
	time.Sleep(3 * time.Second)
	list, at, err := s.simulated.Instances(ctx, group)
	time.Sleep(3 * time.Second)
	return list, at, err
}
