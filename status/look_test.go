package status

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// script is an Admin that answers each read of terms by the next of a list, and
// then by the last.
type script struct {
	registry.Admin
	terms     [][]registry.Term
	instances []registry.Instance
	asked     []int
	failing   int // which read of terms fails; 0: none
	deaf      bool
}

var errDown = errors.New("down")

func (s *script) Terms(_ context.Context, _ string, n int) ([]registry.Term, error) {
	s.asked = append(s.asked, n)
	if len(s.asked) == s.failing {
		return nil, errDown
	}
	return s.terms[min(len(s.asked), len(s.terms))-1], nil
}

func (s *script) Instances(context.Context, string) ([]registry.Instance, time.Time, error) {
	if s.deaf {
		return nil, time.Time{}, errDown
	}
	return s.instances, now, nil
}

func TestLookReadsAgainWhatChangedMeanwhile(t *testing.T) {
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
		{"it never rests", []terms{three, ended, three, ended, three, ended}, 6, 3},
	} {
		s := &script{terms: tt.reads, instances: []registry.Instance{instance(2, time.Second)}}
		g, err := Look(context.Background(), s, "g", 5)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if len(s.asked) != tt.want || s.asked[0] != 5 || g.Term != tt.term || g.Healthy != (tt.term == 4) {
			t.Errorf("%s: after reads %v: term %d, healthy %v (%s)", tt.name, s.asked, g.Term, g.Healthy, g.Health)
		}
	}
}

func TestLookAsksForOneTermAtLeast(t *testing.T) {
	for _, n := range []int{-1, 0, 1} {
		s := &script{terms: [][]registry.Term{{open(3, 1)}}}
		if g, err := Look(context.Background(), s, "g", n); err != nil || s.asked[0] != 1 || len(g.Terms) != 1 {
			t.Errorf("n %d: asked for %v, got %d terms, %v", n, s.asked, len(g.Terms), err)
		}
	}
}

func TestLookReturnsTheRegistrysErrors(t *testing.T) {
	for _, s := range []*script{
		{terms: [][]registry.Term{nil}, failing: 1},
		{terms: [][]registry.Term{nil}, failing: 2},
		{terms: [][]registry.Term{nil}, deaf: true},
	} {
		if _, err := Look(context.Background(), s, "g", 1); !errors.Is(err, errDown) {
			t.Errorf("%v, want %v", err, errDown)
		}
	}
}
