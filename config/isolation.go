package config

import (
	"fmt"
	"runtime"
	"slices"
)

// Isolation says what keeps the processes of a command together. Package worker acts on
// it.
type Isolation string

const (
	IsolationAuto   Isolation = "auto"   // a control group of its own, where one can be had and hides no limit
	IsolationNone   Isolation = "none"   // the guard alone
	IsolationCgroup Isolation = "cgroup" // a control group of its own
	IsolationPID    Isolation = "pid"    // a PID namespace of its own
)

var isolations = []Isolation{IsolationAuto, IsolationNone, IsolationCgroup, IsolationPID}

// Check returns an error unless i is one of the constants, and this system has it.
func (i Isolation) Check() error { return i.checkOn(runtime.GOOS) }

func (i Isolation) checkOn(system string) error {
	switch {
	case !slices.Contains(isolations, i):
		return fmt.Errorf("isolation %q: want %s, %s, %s or %s", string(i), isolations[0], isolations[1], isolations[2], isolations[3])
	case i.onlyLinux() && system != "linux":
		return fmt.Errorf("isolation %q: want %s or %s: only Linux has the others, and this is %s", string(i), IsolationAuto, IsolationNone, system)
	}
	return nil
}

// onlyLinux reports whether no other system has that isolation.
func (i Isolation) onlyLinux() bool { return i == IsolationCgroup || i == IsolationPID }

// isolation checks what is asked for against what the system has.
func (s settings) isolation(m *mistakes, system string) Isolation {
	i := choice(m, EnvIsolation, s.Isolation, isolations...)
	if i.onlyLinux() && i.checkOn(system) != nil {
		m.add(EnvIsolation, s.Isolation, "only Linux has it, and this is %s: want %s or %s", system, IsolationAuto, IsolationNone)
	}
	return i
}
