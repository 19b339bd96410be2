package guard

import (
	"os"
	"testing"
)

func TestAddHidden_AddsAChildThatProcHides(t *testing.T) {
	pid := forkOrphan(t)
	defer reapChild(pid, nil)
	all := map[int]process{1: {pid: 1, comm: "init"}}
	addHidden(all, 1, 0)
	addHidden(all, pid, os.Getpid())
	if all[1].comm != "init" {
		t.Errorf("what /proc shows was replaced by %+v", all[1])
	}
	if p := all[pid]; p.ppid != os.Getpid() || !p.dead() || p.comm == "" {
		t.Errorf("%+v, want a dead child of this process", p)
	}
}
