package guard

import "syscall"

// fork executes the command, and returns its PID. A namespace has a thread that forks in it.
func (s *server) fork(o Order, output [2]uintptr) (pid int, err error) {
	if s.namespace == nil {
		return s.forkHere(o, output, syscall.SIGKILL)
	}
	// Package syscall cannot set a parent-death signal across PID namespaces: it takes the
	// parent for dead. The init has one, and takes the command along.
	s.namespace.do(func() { pid, err = s.forkHere(o, output, 0) })
	return pid, err
}

// forkHere executes the command in a child of this thread. With a DirError it could not
// enter its directory.
func (s *server) forkHere(o Order, output [2]uintptr, deathSignal syscall.Signal) (pid int, err error) {
	if err := chdir(o.Dir); err != nil {
		return 0, &DirError{o.Dir, err}
	}
	defer s.oomScore.raise()()
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: deathSignal}
	if s.cgroup != nil {
		attr.UseCgroupFD, attr.CgroupFD = true, s.cgroup.dir
	}
	return syscall.ForkExec(o.Path, o.Args, &syscall.ProcAttr{Env: o.Env, Files: []uintptr{0, output[0], output[1]}, Sys: attr})
}
