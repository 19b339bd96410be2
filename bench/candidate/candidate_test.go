package candidate

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
)

// events runs a program on its lines of input, and returns what each candidate said, in order.
func events(t *testing.T, join Join, lines ...string) (map[string][]string, error) {
	t.Helper()
	var out bytes.Buffer
	p := &program{join: join, out: bufio.NewWriter(&out), members: map[string]*member{}}
	err := p.run(strings.NewReader(strings.Join(lines, "\n") + "\n"))
	said := map[string][]string{}
	for line := range bytes.Lines(out.Bytes()) {
		var e Event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		if e.At == 0 {
			t.Errorf("%s of %s has no instant", e.Kind, e.Name)
		}
		said[e.Name] = append(said[e.Name], e.Kind)
	}
	return said, err
}

func TestProgram_CandidateJoinsAndLeaves(t *testing.T) {
	join := func(ctx context.Context, _, name string, r Report) error {
		if name == "broken" {
			return errors.New("no store")
		}
		r.Joined()
		<-ctx.Done()
		return nil
	}
	said, err := events(t, join, "join g a", "join g broken", "leave g a", "join g a")
	if err != nil {
		t.Fatal(err)
	}
	// The second life of a ends with the input.
	once := []string{Joined, Leaving, Left}
	if got := count(said["a"]); got[Joined] != 2 || got[Leaving] != 2 || got[Left] != 2 {
		t.Errorf("a said %v, want twice %v", said["a"], once)
	}
	if !slices.Contains(said["broken"], Failed) || slices.Contains(said["broken"], Left) {
		t.Errorf("the broken one said %v, want %s", said["broken"], Failed)
	}
}

func count(list []string) map[string]int {
	n := map[string]int{}
	for _, s := range list {
		n[s]++
	}
	return n
}

func TestProgram_LineThatMakesNoSenseIsAnError(t *testing.T) {
	_, err := events(t, nil, "join g")
	if err == nil || !strings.Contains(err.Error(), `"join g"`) {
		t.Errorf("got %v, want an error that names the line", err)
	}
}
