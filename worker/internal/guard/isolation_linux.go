package guard

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// These are in the environment of a guard that isolates its command.
const (
	envIsolation     = "ISOLATION"
	envUserNamespace = "USER_NAMESPACE" // it has one of its own
)

// StartIsolated starts a guard that isolates its command, and waits until it is ready. The
// error wraps ErrStart, and ErrIsolation if the isolation cannot be had here.
func StartIsolated(ctx context.Context, out Output, i Isolation) (*Guard, error) {
	g, err := startWith(ctx, out, i)
	if refused, ok := errors.AsType[isolationError](err); ok {
		err = fmt.Errorf("%w: %w", ErrStart, isolationError{fmt.Sprintf("there is no isolation %q here: %s: %s", string(i), refused.text, i.permits())})
	}
	return g, err
}

// Isolation says what isolates the command of this guard: "none", "cgroup" or "pid", and
// what people should know about it.
func (g *Guard) Isolation() string { return g.isolation }

// endIsolation ends what a dead guard has left of the isolation of its command. The guard
// must not be reaped, so that no other one can have its PID.
func (g *Guard) endIsolation() {
	if g.isolation == string(Cgroup) {
		sweepCgroupsOf(g.pid)
	}
}

// environ is what the guard finds in its environment.
func (i Isolation) environ() []string {
	if i == None || i == "" {
		return nil
	}
	env := []string{envIsolation + "=" + string(i)}
	if i.attr().Cloneflags != 0 {
		env = append(env, envUserNamespace+"=1")
	}
	return env
}

// isolate prepares what isolates the command.
func (s *server) isolate(i Isolation) (err error) {
	switch i {
	case Auto:
		if s.noCgroup = hiddenLimit(); s.noCgroup == nil {
			s.cgroup, s.noCgroup = newCgroup()
		}
		return nil
	case Cgroup:
		if s.cgroup, err = newCgroup(); err != nil {
			err = isolationError{err.Error()}
		}
		return err
	case PIDNamespace:
		return s.isolateByNamespace()
	}
	return nil
}

func (s *server) isolateByNamespace() (err error) {
	if s.namespace, err = newNamespace(); err != nil {
		return err
	}
	reserveThreads(guardThreads) // besides that of the namespace
	if err := dropCapability(); err != nil {
		return err
	}
	s.groups.init = s.namespace.init
	s.children.close()
	s.children, err = openChildren(fmt.Sprintf("self/task/%d", s.namespace.thread))
	return err
}

// dropCapability keeps the capability that this process has in a user namespace of its own
// from what this thread executes.
func dropCapability() error {
	if os.Getenv(envUserNamespace) == "" {
		return nil
	}
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&head, &none[0]); err != nil {
		return fmt.Errorf("capabilities: %w", err)
	}
	return nil
}

// endIsolation removes what isolated a command, of which nothing is left.
func (s *server) endIsolation() {
	if s.namespace != nil {
		s.namespace.close()
	}
	if s.cgroup != nil {
		s.cgroup.remove()
		s.cgroup = nil
	}
}

// inEffect says what isolates the command.
func (s *server) inEffect() string {
	switch {
	case s.namespace != nil && s.namespace.noProc != "":
		return string(PIDNamespace) + " (its /proc shows PIDs from outside: " + s.namespace.noProc + ")"
	case s.namespace != nil:
		return string(PIDNamespace)
	case s.cgroup != nil:
		return string(Cgroup)
	case s.noCgroup != nil:
		return string(None) + " (no control group: " + s.noCgroup.Error() + ")"
	}
	return string(None)
}

// refused returns the message that says why this guard does not start.
func refused(err error) message {
	m := message{kind: msgRefused, strings: []string{err.Error()}}
	if errors.Is(err, ErrIsolation) {
		m.strings = append(m.strings, "isolation")
	}
	return m
}

// attr returns how a guard is started. Without the right to make a PID namespace, the guard
// is in a user namespace of its own, in which it has it. Its user and group are the same
// there, and nobody has other ones.
func (i Isolation) attr() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if i == PIDNamespace && !mayAdministrate() && os.Geteuid() != 0 {
		attr.Cloneflags = unix.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}}
		attr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN}
	}
	return attr
}

// forkError returns the error of a guard that could not be started: an isolationError if the
// machine refuses it a user namespace.
func (i Isolation) forkError(err error) error {
	if i.attr().Cloneflags == 0 || !isRefusal(err) {
		return err
	}
	return isolationError{"user namespace: " + err.Error()}
}

// isRefusal reports whether an error says that this machine does not permit something, and
// will not as long as its configuration stays the same.
func isRefusal(err error) bool {
	for _, errno := range []unix.Errno{unix.EPERM, unix.EACCES, unix.ENOSPC, unix.EUSERS, unix.EINVAL, unix.ENOSYS} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// mayAdministrate reports whether a program that this process executes has CAP_SYS_ADMIN.
func mayAdministrate() bool {
	if os.Geteuid() != 0 {
		set, err := unix.PrctlRetInt(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_IS_SET, unix.CAP_SYS_ADMIN, 0, 0)
		return err == nil && set == 1
	}
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	return unix.Capget(&head, &data[0]) == nil && data[0].Effective&(1<<unix.CAP_SYS_ADMIN) != 0
}

// permits says what would permit the isolation.
func (i Isolation) permits() string {
	if i == Cgroup {
		return permitsCgroup
	}
	if os.Geteuid() == 0 {
		return "Understudy runs as root without CAP_SYS_ADMIN: want that capability (of a container: docker run --cap-add SYS_ADMIN, or securityContext.capabilities.add on Kubernetes), or another user than root"
	}
	var cures []string
	for _, s := range []struct{ name, refusing, cure string }{
		{"user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=1000"},
		{"user/max_pid_namespaces", "0", "sysctl user.max_pid_namespaces=1000"},
		{"kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"},
		{"kernel/apparmor_restrict_unprivileged_userns", "1", `an AppArmor profile with "userns," for this program, or sysctl kernel.apparmor_restrict_unprivileged_userns=0`},
	} {
		value, err := os.ReadFile("/proc/sys/" + s.name)
		if err == nil && strings.TrimSpace(string(value)) == s.refusing {
			cures = append(cures, s.cure)
		}
	}
	if len(cures) == 0 {
		cures = append(cures, "a machine, or a container's seccomp profile, that permits user namespaces")
	}
	return "want " + strings.Join(cures, " and ") + ", or Understudy as root with CAP_SYS_ADMIN"
}
