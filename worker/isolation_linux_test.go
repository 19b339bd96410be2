package worker

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/guardname"
)

// wander does what hop does, but not as fast as it can.
//
//go:norace
func wander(hops int) {
	for range hops {
		_, _, _ = unix.RawSyscall(unix.SYS_SETSID, 0, 0, 0)
		for range 30 {
			pause()
		}
		if fork() != 0 {
			break
		}
	}
	for {
		_, _, _ = unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
}

// requireIsolation skips the test if an isolation cannot be had here.
func requireIsolation(t testing.TB, i config.Isolation) {
	t.Helper()
	c, err := NewCommand(Spec{Path: "/bin/true", Isolation: i})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Prepare(t.Context()); errors.Is(err, ErrIsolation) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
}

// escapee is a tree whose last process has a new session, an empty environment, and no
// parent: a daemon that forked twice.
type escapee struct{ seconds string }

func newEscapee() escapee { return escapee{fmt.Sprintf("%d.%09d", 600, rand.IntN(1e9))} }

// alive lists the daemon, by its arguments.
func (e escapee) alive() (list []int) {
	dirs, _ := os.ReadDir("/proc")
	for _, dir := range dirs {
		args, _ := os.ReadFile("/proc/" + dir.Name() + "/cmdline")
		if pid, err := strconv.Atoi(dir.Name()); err == nil && string(args) == "sleep\x00"+e.seconds+"\x00" {
			list = append(list, pid)
		}
	}
	return list
}

// kill ends what a failing test leaves behind.
func (e escapee) kill(t testing.TB) {
	t.Cleanup(func() {
		for _, pid := range e.alive() {
			t.Errorf("process %d is left", pid)
			_ = unix.Kill(pid, unix.SIGKILL)
		}
	})
}

// failures are what can happen to Understudy and its guard. Nobody searches for what is
// left after most of them.
var failures = append([]struct {
	name string
	fail func(t testing.TB, understudy, guard int)
}{
	{"Understudy killed", func(t testing.TB, understudy, _ int) { _ = unix.Kill(understudy, unix.SIGKILL) }},
	{"Understudy frozen", func(t testing.TB, understudy, _ int) { freeze(t, understudy) }},
	{"the guard killed", func(t testing.TB, _, guard int) { _ = unix.Kill(guard, unix.SIGKILL) }},
	{"the guard frozen", func(t testing.TB, _, guard int) { freeze(t, guard) }},
	{"both frozen", func(t testing.TB, understudy, guard int) { freeze(t, understudy); freeze(t, guard) }},
}, doubleFailures...)

// In a PID namespace nothing outlives the lease, whatever it is, and whatever fails. The
// wanderers are in a new session every few milliseconds, so no tie is of use.
func TestPIDNamespace_NothingOutlivesTheLease(t *testing.T) {
	requireIsolation(t, config.IsolationPID)
	for _, tree := range []string{"escapee", "wanderers"} {
		for _, tt := range failures {
			t.Run(tree+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				dir, m, e := t.TempDir(), testMark(), newEscapee()
				e.kill(t)
				file := filepath.Join(dir, "log")
				h := hostOf(t, dir, m, tree, file, e.seconds)
				left := func() int { return len(e.alive()) + len(alive(m)) }
				if tree == "wanderers" {
					h.Args = []string{h.Args[0], "5", file}
				}
				h.Isolation, h.Subreaper, h.Restart = config.IsolationPID, true, config.RestartNever
				h.Timing.OrphanAfter, h.Timing.StopGrace = 20*time.Second, leeway
				cmd, guard := launch(t, "host", h, contains(file, "ready"))
				tt.fail(t, cmd.Process.Pid, guard)
				latest := boottime.Now() + h.Timing.Lease() // no lease that the guard knows ends later, unless Understudy and it go on
				waitFor(t, "everybody's end", func() bool { return left() == 0 })
				if after := boottime.Now() - latest; after > leeway {
					t.Errorf("gone %v after the lease's end", after)
				}
			})
		}
	}
}

// The kernel needs nobody of ours to end a PID namespace: as soon as the guard is dead,
// all of it is.
func TestPIDNamespace_DiesWithTheGuard(t *testing.T) {
	requireIsolation(t, config.IsolationPID)
	dir, e := t.TempDir(), newEscapee()
	e.kill(t)
	file := filepath.Join(dir, "log")
	h := hostOf(t, dir, testMark(), "escapee", file, e.seconds)
	h.Isolation = config.IsolationPID
	cmd, guard := launch(t, "host", h, contains(file, "ready"))
	freeze(t, cmd.Process.Pid)
	ends := watchEnds(t, e.alive())
	_ = unix.Kill(guard, unix.SIGKILL)
	waitFor(t, "the daemon's end", ends)
}

// isolated describes a command in a PID namespace.
func isolated(spec Spec) Spec {
	spec.Isolation = config.IsolationPID
	return spec
}

func TestPIDNamespace_ExitCodesAndSignalsArrive(t *testing.T) {
	requireIsolation(t, config.IsolationPID)
	for _, tt := range []struct {
		script string
		code   int
	}{
		{"exit 0", 0}, {"exit 7", 7}, {"exit 255", 255}, {"kill -TERM $$", 143}, {"kill -KILL $$", 137}, {"kill -SEGV $$", 139},
		{"sleep 0.1 & exit 3", 3},                   // what it leaves ends by itself
		{"sleep 100 & exit 0", CodeLeftBehind},      // and what does not is killed
		{"setsid sleep 100 & sleep 0.1; exit 4", 4}, // also outside the group
		{"for s in TERM INT HUP QUIT USR1 SEGV KILL STOP; do kill -$s 1; done; sleep 0.1; exit 5", 5},
		{"test $(ls -d /proc/[0-9]* | wc -l) -lt 9 && test -d /proc/1/task && exit 6", 6},
	} {
		t.Run(tt.script, func(t *testing.T) {
			for _, i := range []config.Isolation{config.IsolationNone, config.IsolationPID} {
				if i == config.IsolationNone && (strings.Contains(tt.script, " 1;") || strings.Contains(tt.script, "/proc")) {
					continue // it is about the init of the namespace
				}
				spec := testSpec(t, testMark(), "")
				spec.Path, spec.Args, spec.Restart = "/bin/sh", []string{"sh", "-c", tt.script}, config.RestartNever
				spec.Isolation = i
				_, result := start(t, context.Background(), spec)
				wantExit(t, result, tt.code)
			}
		})
	}
}

func TestPIDNamespace_SIGTERMReachesTheGroup(t *testing.T) {
	requireIsolation(t, config.IsolationPID)
	for _, mode := range []string{"polite", "shell"} {
		t.Run(mode, func(t *testing.T) {
			file, m := filepath.Join(t.TempDir(), "log"), testMark()
			ctx, stop := context.WithCancelCause(context.Background())
			defer stop(nil)
			spec := isolated(testSpec(t, m, mode, file))
			spec.Timing.StopGrace = time.Minute
			_, result := start(t, ctx, spec)
			waitFor(t, "the command", contains(file, "ready"))
			begin := time.Now()
			stop(errStop)
			wantCause(t, result)
			if !contains(file, "terminated")() && !contains(file, "finished")() {
				t.Error("it was not asked to stop")
			}
			if took := time.Since(begin); took > spec.Timing.StopGrace {
				t.Errorf("it took %v: what was gone was waited for", took)
			}
			wantGone(t, m)
		})
	}
}

func TestPIDNamespace_CommandThatIgnoresSIGTERMIsKilled(t *testing.T) {
	requireIsolation(t, config.IsolationPID)
	dir, e, m := t.TempDir(), newEscapee(), testMark()
	e.kill(t)
	file := filepath.Join(dir, "log")
	spec := isolated(testSpec(t, m, "escapee", file, e.seconds))
	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	_, result := start(t, ctx, spec)
	waitFor(t, "the daemon", contains(file, "ready"))
	stop(immediateStop{})
	if err := receive(t, result); !errors.As(err, new(immediateStop)) {
		t.Errorf("Run returned %v", err)
	}
	if list := append(alive(m), e.alive()...); len(list) > 0 {
		t.Errorf("processes %v outlive Run", list)
	}
}

// The environment is the same as without, but for PIDs.
func TestPIDNamespace_WhatTheCommandSees(t *testing.T) {
	requireIsolation(t, config.IsolationPID)
	dir := t.TempDir()
	plain := runReporting(t, func(s *Spec) { s.Dir = dir })
	inside := runReporting(t, func(s *Spec) { s.Dir = dir; *s = isolated(*s) })
	if inside.ParentID != 0 || inside.SID != 0 {
		t.Errorf("its parent is %d and its session %d, want 0: they are outside", inside.ParentID, inside.SID)
	}
	if inside.PID < 2 || inside.PID > 100 || inside.PID != inside.PGID {
		t.Errorf("PID %d in the group %d, want the small number of a group's leader", inside.PID, inside.PGID)
	}
	if inside.Stdin != plain.Stdin || len(inside.Env) != len(plain.Env) {
		t.Errorf("got %+v, without isolation %+v", inside, plain)
	}
}

func TestPIDNamespace_DirectoryThatIsMissingIsReported(t *testing.T) {
	requireIsolation(t, config.IsolationPID)
	dir := filepath.Join(t.TempDir(), "missing")
	e := isolatedExecutor(t)
	end := e.Run(t.Context(), Execution{Path: "/bin/true", Dir: dir})
	if end.Outcome != NotStarted || !strings.Contains(end.Err.Error(), dir) {
		t.Errorf("%+v, want the directory in its error", end)
	}
}

func isolatedExecutor(t testing.TB) *Executor {
	t.Helper()
	e, err := NewExecutor(ExecutorSpec{Timing: testTiming, Ready: 1, Isolation: config.IsolationPID, Log: zerolog.New(zerolog.NewTestWriter(t))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	e.Extend(boottime.Now() + time.Hour)
	return e
}

// prepareAsOtherUser prepares a guard in a process of another user, and returns what isolates
// its command, or the error.
func prepareAsOtherUser(t *testing.T, i config.Isolation) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can start a process as another user")
	}
	cmd := exec.Command("/proc/self/exe", string(i)) // other users may not enter the test binary's directory
	cmd.Env, cmd.Dir = append(os.Environ(), envMode+"=prepare"), "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: firstOtherUser, Gid: firstOtherUser}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Skipf("no such user here: %v %s", err, out)
	}
	return string(out)
}

// An unprivileged Understudy has a user namespace.
func TestPIDNamespace_OfAnotherUserDiesWithTheGuard(t *testing.T) {
	if got := prepareAsOtherUser(t, config.IsolationPID); !strings.HasPrefix(got, string(config.IsolationPID)) {
		t.Skip(got)
	}
	for _, hidden := range []bool{false, true} {
		t.Run(fmt.Sprint("hidden ", hidden), func(t *testing.T) {
			dir, m := t.TempDir(), testMark()
			file := filepath.Join(dir, "log")
			h := hostOf(t, dir, m, "wanderers", "5", file)
			h.Isolation, h.Hidden, h.Restart = config.IsolationPID, hidden, config.RestartNever
			cmd, guard := launchAsOtherUser(t, h, contains(file, "ready"))
			for _, pid := range alive(m) {
				status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
				for line := range strings.Lines(string(status)) {
					if name, set, _ := strings.Cut(line, ":"); slices.Contains([]string{"CapInh", "CapPrm", "CapEff", "CapAmb"}, name) && strings.Trim(set, "0 \t\n") != "" {
						t.Errorf("the command has capabilities: %s", line)
					}
				}
			}
			freeze(t, cmd.Process.Pid)
			_ = unix.Kill(guard, unix.SIGKILL)
			waitFor(t, "everybody's end", func() bool { return len(alive(m)) == 0 })
		})
	}
}

// They fill the limit of processes, which may end neither the init before its time nor the
// guard.
func TestPIDNamespace_ProcessesThatForkAndExitForEverEndWithUnderstudy(t *testing.T) {
	if got := prepareAsOtherUser(t, config.IsolationPID); !strings.HasPrefix(got, string(config.IsolationPID)) {
		t.Skip(got)
	}
	dir, m := t.TempDir(), testMark()
	file := filepath.Join(dir, "log")
	h := hostOf(t, dir, m, "hoppers", "30", file)
	h.Isolation, h.Processes, h.Log = config.IsolationPID, 500, filepath.Join(dir, "lines")
	cmd, guard := launchAsOtherUser(t, h, contains(file, "ready"))
	if log, _ := os.ReadFile(h.Log); strings.Contains(string(log), "exited") {
		t.Errorf("the command ended before its time:\n%s", log)
	}
	_ = cmd.Process.Kill()
	waitFor(t, "everybody's end", func() bool { return len(alive(m)) == 0 && !isAlive(guard) })
}

// Where no /proc can be mounted, all else is the same, and the log says it.
func TestPIDNamespace_WithoutAProcOfItsOwnDiesWithTheGuard(t *testing.T) {
	if got := prepareAsOtherUser(t, config.IsolationPID); !strings.HasPrefix(got, string(config.IsolationPID)) {
		t.Skip(got)
	}
	dir, m := t.TempDir(), testMark()
	file := filepath.Join(dir, "log")
	h := hostOf(t, dir, m, "wanderers", "5", file)
	h.Isolation, h.Masked, h.Log = config.IsolationPID, true, filepath.Join(dir, "lines")
	cmd, guard := launchAsOtherUser(t, h, contains(file, "ready"))
	if log, _ := os.ReadFile(h.Log); !strings.Contains(string(log), "isolation of the command: pid (its /proc shows PIDs from outside: operation not permitted)") {
		t.Errorf("the log does not say it:\n%s", log)
	}
	freeze(t, cmd.Process.Pid)
	_ = unix.Kill(guard, unix.SIGKILL)
	waitFor(t, "everybody's end", func() bool { return len(alive(m)) == 0 })
}

// What a command leaves behind is found although /proc hides it.
func TestPIDNamespace_HiddenProcessIsLeftBehind(t *testing.T) {
	if got := prepareAsOtherUser(t, config.IsolationPID); !strings.HasPrefix(got, string(config.IsolationPID)) {
		t.Skip(got)
	}
	dir := t.TempDir()
	h := hostOf(t, dir, testMark(), "leaver", filepath.Join(dir, "log"))
	h.Isolation, h.Hidden, h.Log = config.IsolationPID, true, filepath.Join(dir, "lines")
	launchAsOtherUser(t, h, func() bool {
		data, _ := os.ReadFile(h.Log)
		return strings.Contains(string(data), LeftBehind(1))
	})
}

func TestPIDNamespace_RunsEndWithTheirGuards(t *testing.T) {
	requireIsolation(t, config.IsolationPID)
	dir, m := t.TempDir(), testMark()
	file := filepath.Join(dir, "log")
	h := hostOf(t, dir, m, "wanderers", "3", file)
	h.Isolation = config.IsolationPID
	cmd, guards := launchRuns(t, h, file)
	freeze(t, cmd.Process.Pid)
	for _, guard := range guards {
		_ = unix.Kill(guard, unix.SIGKILL)
	}
	waitFor(t, "everybody's end", func() bool { return len(alive(m)) == 0 })
}

// Each run has a namespace of its own, and a guard is ready for the next one.
func TestPIDNamespace_GuardIsReadyForTheNextRun(t *testing.T) {
	requireIsolation(t, config.IsolationPID)
	e := isolatedExecutor(t)
	seen := map[int]bool{}
	for code := range 3 {
		if end := e.Run(t.Context(), Execution{Path: "/bin/sh", Args: []string{"sh", "-c", fmt.Sprint("exit ", code)}}); end.Outcome != Exited || end.Code != code || end.Left != 0 {
			t.Fatalf("%+v, want exit code %d", end, code)
		}
		waitFor(t, "a guard", func() bool { return len(readyGuards(e)) == 1 })
		guard := readyGuards(e)[0]
		if seen[guard] {
			t.Errorf("the guard %d serves another run", guard)
		}
		seen[guard] = true
	}
}

// A guard without an init starts nothing, so another one takes its place.
func TestPIDNamespace_GuardEndsWithItsInit(t *testing.T) {
	requireIsolation(t, config.IsolationPID)
	c := newPrepared(t, isolated(testSpec(t, testMark(), "exit", "0")))
	guard := guardOf(t, os.Getpid())
	for _, child := range childrenOf(guard) {
		if commOf(child) == guardname.Init {
			_ = unix.Kill(child, syscall.SIGKILL)
		}
	}
	waitFor(t, "the guard's end", func() bool { return !c.prepared.Alive() })
}

// They outrun a guard that kills them one by one, and not the kernel.
func TestCgroup_EndsProcessesThatForkAndExitForEver(t *testing.T) {
	requireIsolation(t, config.IsolationCgroup)
	t.Run("stopped", func(t *testing.T) {
		file, m := filepath.Join(t.TempDir(), "log"), testMark()
		spec := testSpec(t, m, "hoppers", "30", file)
		spec.Isolation = config.IsolationCgroup
		ctx, stop := context.WithCancelCause(context.Background())
		defer stop(nil)
		_, result := start(t, ctx, spec)
		waitFor(t, "the command", contains(file, "ready"))
		stop(immediateStop{})
		if err := receive(t, result); !errors.As(err, new(immediateStop)) {
			t.Errorf("Run returned %v", err)
		}
		wantGone(t, m)
	})
	t.Run("the guard killed", func(t *testing.T) {
		dir, m := t.TempDir(), testMark()
		file := filepath.Join(dir, "log")
		h := hostOf(t, dir, m, "hoppers", "30", file)
		h.Isolation, h.Restart, h.Subreaper = config.IsolationCgroup, config.RestartNever, true
		_, guard := launch(t, "host", h, contains(file, "ready"))
		_ = unix.Kill(guard, unix.SIGKILL)
		waitFor(t, "Run to return", contains(filepath.Join(dir, "result"), ErrFailed.Error()+": its guard died"))
		wantGone(t, m)
	})
}

// The limits are those of a user namespace of the test, and not of the machine.
func TestCommand_PIDNamespaceThatIsNotPermittedIsRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make a user namespace with several users")
	}
	for _, limit := range []string{"max_user_namespaces", "max_pid_namespaces"} {
		cmd := exec.Command("/proc/self/exe", "/proc/sys/user/"+limit)
		cmd.Env, cmd.Dir = append(os.Environ(), envMode+"=limited"), "/"
		ids := []syscall.SysProcIDMap{{Size: 2 * firstOtherUser}}
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER, UidMappings: ids, GidMappings: ids, GidMappingsEnableSetgroups: true}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Skipf("no such user namespace here: %v %s", err, out)
		}
		for _, want := range []string{`there is no isolation "pid" here`, "no space left on device: want sysctl user." + limit + "=1000, or Understudy as root"} {
			if !strings.Contains(string(out), want) {
				t.Errorf("%s: got %q, want %q in it", limit, out, want)
			}
		}
	}
}

// Without an isolation that was asked for, nothing starts.
func TestCommand_IsolationThatCannotBeHadIsRefused(t *testing.T) {
	requireIsolation(t, config.IsolationCgroup) // as root, who may have what others may not
	got := prepareAsOtherUser(t, config.IsolationCgroup)
	for _, want := range []string{`there is no isolation "cgroup" here`, "permission denied", "Delegate=yes"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %q, want %q in it", got, want)
		}
	}
	if got := prepareAsOtherUser(t, config.IsolationAuto); !strings.HasPrefix(got, "none (no control group: ") {
		t.Errorf("auto is %q, want none", got)
	}
}

func TestPIDNamespace_RunIsKilledAfterItsTimeout(t *testing.T) {
	requireIsolation(t, config.IsolationPID)
	file, x := filepath.Join(t.TempDir(), "log"), newEscapee()
	x.kill(t)
	e := isolatedExecutor(t)
	for timeout := time.Second; !exists(file) && timeout < patience; timeout *= 2 { // the machine may stall
		end := e.Run(t.Context(), Execution{
			Path: "/bin/sh", Args: []string{"sh", "-c", "trap '' TERM; setsid -f sleep " + x.seconds + "; echo ready >" + file + "; while :; do sleep 1; done"},
			Timeout: timeout, Grace: shortGrace,
		})
		if end.Outcome != TimedOut {
			t.Errorf("%+v, want that it was killed at its timeout", end)
		}
		if list := x.alive(); len(list) > 0 {
			t.Errorf("processes %v outlive Run", list)
		}
	}
	if !exists(file) {
		t.Error("the command never started its daemon")
	}
}
