package worker

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// oomScoreOf returns the oom_score_adj of a process.
func oomScoreOf(t testing.TB, process string) int {
	t.Helper()
	data, err := os.ReadFile("/proc/" + process + "/oom_score_adj")
	if err != nil {
		t.Fatal(err)
	}
	adj, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	return adj
}

func TestCommand_HasAHigherOOMScoreThanUnderstudyAndItsGuard(t *testing.T) {
	own := oomScoreOf(t, "self")
	for _, tt := range []struct {
		name string
		adj  int
		max  bool // there is no higher value
	}{{"as started", own, own == 1000}, {"as in a container", 900, false}, {"with the highest value", 1000, true}} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.adj < own {
				t.Skipf("this process has %d already, above %d", own, tt.adj)
			}
			dir, m := t.TempDir(), testMark()
			file := filepath.Join(dir, "log")
			h := hostOf(t, dir, m, "forest", "2", "setsid", file)
			h.OOMScore = tt.adj
			cmd, guard := launch(t, "host", h, contains(file, "ready"))
			for name, pid := range map[string]int{"Understudy": cmd.Process.Pid, "the guard": guard} {
				if got := oomScoreOf(t, fmt.Sprint(pid)); got != tt.adj {
					t.Errorf("%s has %d, want %d as before", name, got, tt.adj)
				}
			}
			list := alive(m)
			if len(list) != 3 {
				t.Errorf("processes %v, want the command and two", list)
			}
			for _, pid := range list {
				if got := oomScoreOf(t, fmt.Sprint(pid)); got < tt.adj || got == tt.adj && !tt.max {
					t.Errorf("process %d of the command has %d, want more than %d", pid, got, tt.adj)
				}
			}
		})
	}
}
