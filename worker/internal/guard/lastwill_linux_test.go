package guard_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/guardname"
	"github.com/understudy-go/understudy/internal/lastwill"
	"github.com/understudy-go/understudy/internal/procfs"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
	"github.com/understudy-go/understudy/worker"
	"github.com/understudy-go/understudy/worker/internal/guard"
)

// envRegistry names the file of the registry, for an instance and for its last will.
const envRegistry = "UNDERSTUDY_TEST_REGISTRY"

// envRuns is how many runs an instance has at a time, instead of a command.
const envRuns = "UNDERSTUDY_TEST_RUNS"

// envFrozen, if it is not empty, has an instance give an order to a guard that is frozen.
const envFrozen = "UNDERSTUDY_TEST_FROZEN"

// envInside, if it is not empty, has an instance work in its own process.
const envInside = "UNDERSTUDY_TEST_INSIDE"

// envAlone, if it is not empty, has an instance lose its only guard while it works.
const envAlone = "UNDERSTUDY_TEST_ALONE"

// envEscapee, if it is not empty, has the work leave a process outside its group.
const envEscapee = "UNDERSTUDY_TEST_ESCAPEE"

// envIsolation is what isolates the command of an instance.
const envIsolation = "UNDERSTUDY_TEST_ISOLATION"

// envOrphanAfter is T of an instance.
const envOrphanAfter = "UNDERSTUDY_TEST_ORPHAN_AFTER"

// testTiming returns the timing of an instance.
func testTiming() registry.Timing {
	t, _ := time.ParseDuration(os.Getenv(envOrphanAfter))
	return registry.Timing{Interval: 150 * time.Millisecond, OrphanAfter: t, StopGrace: time.Second}
}

// envLate, if it is not empty, has a process start a guard before it asks for a last will.
const envLate = "UNDERSTUDY_TEST_LATE"

func TestMain(m *testing.M) {
	if os.Getenv(envLate) != "" {
		if _, err := guard.Start(context.Background(), guard.ToStderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		bequeath()
	}
	goAstray(guard.OriginEnv(envAstray), guard.OriginEnv(guard.EnvStepDir))
	if err := worker.LastWill(openWithSteps); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	testkit.RunRole(map[string]testkit.Role{"instance": runInstance, "work": work, "again": func([]string) int { bequeath(); return 0 }})
	os.Exit(testkit.Run(m))
}

// envHost is the first argument of an instance.
const envHost = "UNDERSTUDY_TEST_HOST"

// envAstray is what main does before it comes to the last will, in a process that has to
// carry it out.
const envAstray = "UNDERSTUDY_TEST_ASTRAY"

// goAstray is a main that does not begin with its last will. It writes a line to a file.
func goAstray(how, dir string) {
	if how == "" {
		return
	}
	name := filepath.Join(dir, "astray")
	before, _ := os.ReadFile(name)
	report := func(args ...any) { _ = os.WriteFile(name, append(before, fmt.Sprintln(args...)...), 0o600) }
	switch {
	case how == "exits always":
		report(how)
		os.Exit(0)
	case len(before) > 0:
	case how == "exits":
		report(how)
		os.Exit(0)
	case how == "hangs":
		report(how)
		time.Sleep(time.Hour)
	case how == "serves":
		_ = os.Setenv(envOrphanAfter, guard.OriginEnv(envOrphanAfter))
		b, err := sqlite.Open(context.Background(), filepath.Join(dir, "registry.db"), sqlite.Options{})
		if err != nil {
			os.Exit(1)
		}
		_, ofGuard := guard.Start(context.Background(), guard.ToStderr)
		report(ofGuard, runInside(b, "c", dir, zerolog.Nop()))
		os.Exit(0)
	}
}

// bequeath asks for a last will, prints the answer, and exits.
func bequeath() {
	fmt.Println(worker.LastWill(openWithSteps))
	os.Exit(0)
}

// openWithSteps opens the registry for a last will.
func openWithSteps(ctx context.Context) (registry.Registry, error) {
	step("opening")
	if want := os.Getenv(envHost); len(os.Args) != 3 || os.Args[1] != want {
		return nil, fmt.Errorf("the arguments are %q, want those of the instance", os.Args)
	}
	b, err := sqlite.Open(ctx, os.Getenv(envRegistry), sqlite.Options{Access: registry.Ask})
	return stepwise{b}, err
}

func step(name string) { guard.StopAt(name, os.Getenv(guard.EnvStep), os.Getenv(guard.EnvStepDir)) }

// stepwise is a registry with steps before and after what a last will does to it.
type stepwise struct{ registry.Registry }

func (s stepwise) EndTerm(ctx context.Context, group string, number int64, holder uuid.UUID, end registry.End) error {
	step("ending the term")
	return s.Registry.EndTerm(ctx, group, number, holder, end)
}

func (s stepwise) Unregister(ctx context.Context, id uuid.UUID) error {
	step("unregistering")
	err := s.Registry.Unregister(ctx, id)
	step("over")
	return err
}

// runInstance is an instance whose command writes to a file of its host's name.
func runInstance(args []string) int {
	host, dir := args[0], args[1]
	log := zerolog.New(os.Stdout).Level(zerolog.InfoLevel)
	fail := func(err error) int { fmt.Println(err); return 1 }
	b, err := sqlite.Open(context.Background(), os.Getenv(envRegistry), sqlite.Options{OrphanAfter: testTiming().OrphanAfter})
	if err != nil {
		return fail(err)
	}
	again := make(chan os.Signal, 1)
	signal.Notify(again, unix.SIGUSR1) // to execute another program
	go func() {
		<-again
		_ = syscall.Exec("/bin/sleep", []string{"sleep", "1000"}, os.Environ())
	}()
	if os.Getenv(envInside) != "" {
		return fail(runInside(b, host, dir, log))
	}
	if runs, _ := strconv.Atoi(os.Getenv(envRuns)); runs > 0 {
		return fail(runRuns(b, host, dir, runs, log))
	}
	c, err := worker.NewCommand(worker.Spec{
		Path: os.Args[0], Args: []string{os.Args[0], filepath.Join(dir, host)},
		Env: []string{testkit.EnvRole + "=work", envEscapee + "=" + os.Getenv(envEscapee)}, Timing: testTiming(), Log: log,
		Isolation: config.Isolation(os.Getenv(envIsolation)),
	})
	if err != nil {
		return fail(err)
	}
	defer c.Close()
	if err := c.Prepare(context.Background()); err != nil {
		return fail(err)
	}
	m, err := heartbeat.New(heartbeat.Config{Registry: b, Group: "g", Host: host, Timing: testTiming(), Guard: c, Log: log})
	if err != nil {
		return fail(err)
	}
	err = m.Run(context.Background(), func(ctx context.Context, t registry.Term) error { return c.Run(ctx, t, m.Instance()) })
	return fail(err)
}

// runInside is an instance without a command, as a program is that imports package
// heartbeat. It may exit in order.
func runInside(b registry.Registry, host, dir string, log zerolog.Logger) error {
	m, err := heartbeat.New(heartbeat.Config{Registry: b, Group: "g", Host: host, Timing: testTiming(), Log: log})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGTERM)
	defer stop()
	return m.Run(ctx, func(ctx context.Context, t registry.Term) error {
		f, err := os.OpenFile(filepath.Join(dir, host), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		for ctx.Err() == nil {
			fmt.Fprintf(f, "%020d\n", boottime.Now())
			time.Sleep(time.Millisecond)
		}
		return context.Cause(ctx)
	})
}

// runRuns is an instance that runs the work several times at once, each under a guard.
func runRuns(b registry.Registry, host, dir string, runs int, log zerolog.Logger) error {
	e, err := worker.NewExecutor(worker.ExecutorSpec{Timing: testTiming(), Ready: runs, Log: log})
	if err != nil {
		return err
	}
	if os.Getenv(envFrozen)+os.Getenv(envAlone) == "" {
		if err := e.Prepare(context.Background()); err != nil {
			return err
		}
	}
	m, err := heartbeat.New(heartbeat.Config{Registry: b, Group: "g", Host: host, Timing: testTiming(), Guard: e, Log: log})
	if err != nil {
		return err
	}
	return m.Run(context.Background(), func(ctx context.Context, t registry.Term) error {
		if os.Getenv(envAlone) != "" {
			return loseGuard(ctx, dir)
		}
		if os.Getenv(envFrozen) != "" {
			return orderFrozen(ctx, host, dir)
		}
		var all sync.WaitGroup
		for i := range runs {
			all.Go(func() {
				e.Run(ctx, worker.Execution{
					Path: os.Args[0], Args: []string{os.Args[0], filepath.Join(dir, fmt.Sprint(host, i))}, Env: []string{testkit.EnvRole + "=work"},
				})
			})
		}
		all.Wait()
		return context.Cause(ctx)
	})
}

// loseGuard starts a guard, and ends it once there is no other one.
func loseGuard(ctx context.Context, dir string) error {
	g, err := guard.Start(ctx, guard.ToStderr)
	if err != nil {
		return err
	}
	awaitChildren(ctx, 1) // the witness of the passive role is needless
	g.Abort()
	for range g.Events() {
	}
	if err := os.WriteFile(filepath.Join(dir, "alone"), nil, 0o600); err != nil {
		return err
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

// awaitChildren waits until this process has so many children.
func awaitChildren(ctx context.Context, n int) {
	for ctx.Err() == nil {
		if list, _ := procfs.Children("self"); len(list) == n {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// orderFrozen gives an order to a guard that is frozen, beside an idle one.
func orderFrozen(ctx context.Context, host, dir string) error {
	g, err := guard.Start(ctx, guard.ToStderr)
	if err != nil {
		return err
	}
	defer g.Abort()
	idle, err := guard.Start(ctx, guard.ToStderr)
	if err != nil {
		return err
	}
	defer idle.Abort()
	awaitChildren(ctx, 2) // the witness of the passive role is needless
	_ = unix.Kill(g.PID(), unix.SIGSTOP)
	for stateOf(g.PID()) != "T" {
		time.Sleep(time.Millisecond)
	}
	g.Run(guard.Order{
		Path: os.Args[0], Args: []string{os.Args[0], filepath.Join(dir, host)}, Env: []string{testkit.EnvRole + "=work"},
		Lease: boottime.Now() + time.Hour, Grace: time.Second, Margin: time.Second,
	})
	if err := os.WriteFile(filepath.Join(dir, "frozen"), []byte(strconv.Itoa(g.PID())), 0o600); err != nil {
		return err
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

// work writes the time to a file, again and again. It may have a child in a session of its
// own that does so too.
func work(args []string) int {
	if os.Getenv(envEscapee) != "" {
		cmd := exec.Command(os.Args[0], args[0])
		cmd.Env = append(os.Environ(), envEscapee+"=")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			return 1
		}
	}
	f, err := os.OpenFile(args[0], os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return 1
	}
	for {
		fmt.Fprintf(f, "%020d\n", boottime.Now())
		time.Sleep(time.Millisecond)
	}
}

// lived returns the first and the last instant that the work of an instance wrote; 0:
// it wrote nothing.
func lived(t *testing.T, dir, host string) (first, last time.Duration) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, host))
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(data)) {
		n, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
		if err != nil || !strings.HasSuffix(line, "\n") {
			continue // a SIGKILL cut it off
		}
		if at := time.Duration(n); first == 0 || at < first {
			first = at
		}
		last = max(last, time.Duration(n))
	}
	return first, last
}

// stage is a registry with instances, which are processes.
type stage struct {
	t    *testing.T
	dir  string
	reg  *sqlite.Registry
	mark string

	files       []*os.File    // that instances are started with, from descriptor 3 on
	orphanAfter time.Duration // far longer than a test takes, unless it waits for that
}

func newStage(t *testing.T) *stage {
	dir := t.TempDir()
	b, err := sqlite.Open(t.Context(), filepath.Join(dir, "registry.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, dir: dir, reg: b, mark: "UNDERSTUDY_TEST_MARK=" + uuid.NewString(), orphanAfter: 2 * testkit.Patience}
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	return s
}

// join starts an instance that ends with the test.
func (s *stage) join(host string, env ...string) *exec.Cmd {
	s.t.Helper()
	cmd := testkit.Self(s.t, "instance", host, s.dir)
	cmd.Env = append(append(cmd.Env, envRegistry+"="+filepath.Join(s.dir, "registry.db"), envHost+"="+host, envOrphanAfter+"="+s.orphanAfter.String(), s.mark), env...)
	out, err := os.Create(filepath.Join(s.dir, host+".log"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = out, out, s.files
	cmd.Cancel = func() error { return nil } // it is killed below, after its guards are known
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		pid := cmd.Process.Pid
		if cmd.ProcessState == nil { // it starts no guard between the list of its guards and its end
			_ = unix.Kill(pid, unix.SIGSTOP)
			testkit.Until(s.t, "the instance to stop", func() bool { return stateOf(pid) == "T" || isGone(pid) })
		}
		children, _ := procfs.Children(strconv.Itoa(pid))
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		for _, pid := range children { // its guard carries out its last will
			testkit.Until(s.t, "the guard to be gone", func() bool { return isGone(pid) })
		}
		if s.t.Failed() {
			log, _ := os.ReadFile(out.Name())
			s.t.Logf("the log of %s:\n%s", host, log)
		}
	})
	return cmd
}

func (s *stage) works(host string) {
	s.t.Helper()
	testkit.Until(s.t, "work of "+host, func() bool { first, _ := lived(s.t, s.dir, host); return first > 0 })
}

func (s *stage) state() ([]registry.Term, []registry.Instance) {
	s.t.Helper()
	terms, err := s.reg.Terms(s.t.Context(), "g", 10)
	if err != nil {
		s.t.Fatal(err)
	}
	instances, _, err := s.reg.Instances(s.t.Context(), "g")
	if err != nil {
		s.t.Fatal(err)
	}
	return terms, instances
}

// pair starts instance a, which works, and instance b, which stands by.
func (s *stage) pair(env ...string) (a, b *exec.Cmd) {
	s.t.Helper()
	a = s.join("a", env...)
	s.works("a")
	b = s.join("b")
	testkit.Until(s.t, "b to register", func() bool { _, list := s.state(); return len(list) == 2 })
	return a, b
}

// stopped waits for the process that stops at the step, and returns its PID. It is killed
// when the test ends.
func (s *stage) stopped() (pid int) {
	s.t.Helper()
	testkit.Until(s.t, "a process to stop at the step", func() bool {
		data, _ := os.ReadFile(filepath.Join(s.dir, "stopped"))
		pid, _ = strconv.Atoi(strings.TrimSpace(string(data)))
		return pid != 0 && stateOf(pid) == "T"
	})
	s.killLater(pid)
	return pid
}

// killLater kills a process when the test ends, and no other one that gets its PID.
func (s *stage) killLater(pid int) {
	s.t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
		_ = unix.Close(fd)
	})
}

// stateOf returns the state of a process, or "" if it is gone.
func stateOf(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, ok := strings.Cut(string(stat), ") ")
	if err != nil || !ok {
		return ""
	}
	return after[:1]
}

func isGone(pid int) bool { state := stateOf(pid); return state == "" || state == "Z" }

// succeed kills instance a, and waits until the process that stops at the step has done so,
// which SIGKILL ends and SIGSTOP leaves as it is, and then until b works. It returns when a was
// killed, that process, and the first instant of b's work.
func (s *stage) succeed(a *exec.Cmd, sig unix.Signal) (killed time.Duration, pid int, first time.Duration) {
	s.t.Helper()
	_ = a.Process.Kill()
	killed = boottime.Now()
	_ = a.Wait()
	pid = s.stopped()
	if sig == unix.SIGKILL {
		_ = unix.Kill(pid, sig)
	}
	s.works("b")
	first, _ = lived(s.t, s.dir, "b")
	return killed, pid, first
}

// Whoever carries out the last will is killed or frozen at each of its steps. It costs T at
// most, and nothing overlaps.
func TestLastWill_FailureAtAnyStepOverlapsNothing(t *testing.T) {
	t.Parallel()
	for _, step := range []string{
		"killing", "tree gone", "detached", "understudy dead", "trees gone", "before the process",
		"opening", "ending the term", "unregistering", "over",
	} {
		for _, sig := range []unix.Signal{unix.SIGKILL, unix.SIGSTOP} {
			t.Run(step+" "+unix.SignalName(sig), func(t *testing.T) {
				t.Parallel()
				s := newStage(t)
				s.orphanAfter = 5 * time.Second // most of these failures cost that
				escapee := "yes"
				if step == "killing" { // two failures at once may leave one behind
					escapee = ""
				}
				a, _ := s.pair(guard.EnvStep+"="+step, guard.EnvStepDir+"="+s.dir, envEscapee+"="+escapee)
				killed, pid, first := s.succeed(a, sig)
				t.Logf("b works %v after the kill", first-killed)
				if sig == unix.SIGSTOP { // it goes on after others have long taken over
					_ = unix.Kill(pid, unix.SIGCONT)
				}
				testkit.Until(t, "the process to be gone", func() bool { return isGone(pid) })
				_, last := lived(t, s.dir, "a")
				if last >= first {
					t.Errorf("the work of a lived until %v after b had begun", last-first)
				}
				testkit.Until(t, "a's term to have ended and its record to be gone", func() bool {
					terms, instances := s.state()
					return len(terms) == 2 && !terms[1].Open() && len(instances) == 1
				})
				if terms, instances := s.state(); !terms[0].Open() || terms[0].Holder != instances[0].ID {
					t.Errorf("the latest term is %+v, want one that is open and b's", terms[0])
				}
			})
		}
	}
}

// A guard that is killed or frozen while it kills leaves nothing behind in a PID namespace,
// whatever the ties do not reach.
func TestLastWill_FailureWhileANamespaceIsKilledOverlapsNothing(t *testing.T) {
	t.Parallel()
	if g, err := guard.StartIsolated(t.Context(), guard.ToStderr, guard.PIDNamespace); errors.Is(err, guard.ErrIsolation) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	} else {
		g.Dismiss()
		for range g.Events() {
		}
	}
	for _, sig := range []unix.Signal{unix.SIGKILL, unix.SIGSTOP} {
		t.Run(unix.SignalName(sig), func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.orphanAfter = 5 * time.Second // both cost that
			a, _ := s.pair(guard.EnvStep+"=killing", guard.EnvStepDir+"="+s.dir, envEscapee+"=yes", envIsolation+"="+string(config.IsolationPID))
			_, pid, first := s.succeed(a, sig)
			testkit.Until(t, "the guard to be gone", func() bool { return isGone(pid) }) // by the kernel's timer if it is frozen
			if _, last := lived(t, s.dir, "a"); last >= first {
				t.Errorf("the work of a lived until %v after b had begun", last-first)
			}
		})
	}
}

// A process that stops at a step never comes to the next one, so it is known what was done.
func TestLastWill_EndsNothingBeforeTheTreeAndUnderstudyAreDead(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"killing", "tree gone", "detached", "understudy dead", "trees gone", "opening", "ending the term"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			a := s.join("a", guard.EnvStep+"="+step, guard.EnvStepDir+"="+s.dir, envEscapee+"=yes")
			s.works("a")
			_ = a.Process.Kill()
			_ = a.Wait()
			pid := s.stopped()
			at := boottime.Now() // the clock of the work
			terms, instances := s.state()
			if len(terms) != 1 || !terms[0].Open() || len(instances) != 1 {
				t.Errorf("at %q: %+v, %+v", step, terms, instances)
			}
			_ = unix.Kill(pid, unix.SIGCONT)
			testkit.Until(t, "a's term to have ended and its record to be gone", func() bool {
				terms, instances := s.state()
				return !terms[0].Open() && len(instances) == 0
			})
			if _, last := lived(t, s.dir, "a"); step != "killing" && last > at {
				t.Errorf("the work lived for %v after the guard had stopped at %q", last-at, step)
			}
			if terms, _ := s.state(); terms[0].End.Reason != registry.Crashed {
				t.Errorf("the term ended as %q", terms[0].End.Reason)
			}
		})
	}
}

// A program that executes another one closes its sockets, but the process is not dead.
func TestLastWill_WaitsForTheDeathOfTheProcess(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	a := s.join("a")
	s.works("a")
	guards, err := procfs.Children(strconv.Itoa(a.Process.Pid))
	if err != nil || len(guards) != 1 {
		t.Fatalf("children %v, %v; want a guard", guards, err)
	}
	if err := a.Process.Signal(unix.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	testkit.Until(t, "the guard to have left its directory", func() bool {
		dir, _ := os.Readlink(fmt.Sprintf("/proc/%d/cwd", guards[0]))
		return dir == "/"
	})
	time.Sleep(500 * time.Millisecond) // can only hide a failure, never make one
	if terms, instances := s.state(); !terms[0].Open() || len(instances) != 1 {
		t.Errorf("%+v, %+v, although the process lives", terms[0], instances)
	}
	_ = a.Process.Kill()
	testkit.Until(t, "its term to end", func() bool { terms, _ := s.state(); return terms[0].End.Reason == registry.Crashed })
}

// Each guard speaks for its own tree only.
func TestLastWill_WaitsForTheTreesOfAllGuards(t *testing.T) {
	t.Parallel()
	const runs = 3
	s := newStage(t)
	a := s.join("a", fmt.Sprint(envRuns, "=", runs))
	for i := range runs {
		s.works(fmt.Sprint("a", i))
	}
	guards, err := procfs.Children(strconv.Itoa(a.Process.Pid))
	if err != nil || len(guards) != runs {
		t.Fatalf("children %v, %v; want %d guards", guards, err, runs)
	}
	frozen := guards[0]
	s.killLater(frozen)
	_ = unix.Kill(frozen, unix.SIGSTOP)
	testkit.Until(t, "a guard to be frozen", func() bool { return stateOf(frozen) == "T" })
	_ = a.Process.Kill()
	_ = a.Wait()
	for _, pid := range guards[1:] {
		testkit.Until(t, "the other guards to be gone", func() bool { return isGone(pid) })
	}
	if terms, instances := s.state(); !terms[0].Open() || len(instances) != 1 {
		t.Errorf("%+v, %+v, although a guard has not spoken for its tree", terms[0], instances)
	}
	_ = unix.Kill(frozen, unix.SIGCONT)
	testkit.Until(t, "its term to end", func() bool { terms, _ := s.state(); return terms[0].End.Reason == registry.Crashed })
	testkit.Until(t, "the frozen guard to be gone", func() bool { return isGone(frozen) })
	if log, _ := os.ReadFile(filepath.Join(s.dir, "a.log")); !strings.Contains(string(log), "work-guard: Understudy is gone") {
		t.Errorf("no guard says that the instance is gone:\n%s", log)
	}
}

// The socket of a frozen guard may hold an order whose command does not exist yet.
func TestLastWill_WaitsForAGuardWithAnOrder(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	a := s.join("a", fmt.Sprint(envRuns, "=1"), envFrozen+"=yes")
	var frozen int
	testkit.Until(t, "a frozen guard with an order", func() bool {
		data, _ := os.ReadFile(filepath.Join(s.dir, "frozen"))
		frozen, _ = strconv.Atoi(strings.TrimSpace(string(data)))
		return frozen != 0
	})
	s.killLater(frozen)
	guards, _ := procfs.Children(strconv.Itoa(a.Process.Pid))
	if len(guards) != 2 {
		t.Fatalf("children %v, want a guard with an order and an idle one", guards)
	}
	_ = a.Process.Kill()
	_ = a.Wait()
	for _, pid := range guards {
		if pid != frozen {
			testkit.Until(t, "the idle guard to be gone", func() bool { return isGone(pid) })
		}
	}
	if terms, instances := s.state(); !terms[0].Open() || len(instances) != 1 {
		t.Errorf("%+v, %+v, although a guard may start a command", terms[0], instances)
	}
	_ = unix.Kill(frozen, unix.SIGCONT)
	testkit.Until(t, "its term to end", func() bool { terms, _ := s.state(); return terms[0].End.Reason == registry.Crashed })
}

// One call at the beginning of main is enough for a program that works in its own process.
func TestLastWill_OfAProgramWithoutACommand(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	a, b := s.pair(envInside + "=yes")
	witness := func(pid, other int) (guard int) {
		testkit.Until(t, "a witness", func() bool {
			list, _ := procfs.Children(strconv.Itoa(pid))
			for _, child := range list {
				if child != other && !isGone(child) {
					guard = child
				}
			}
			return guard != 0
		})
		return guard
	}
	killed := witness(a.Process.Pid, 0)
	_ = unix.Kill(killed, unix.SIGKILL) // another one takes its place
	first := witness(a.Process.Pid, killed)
	_ = a.Process.Kill()
	_ = a.Wait()
	s.works("b")
	if terms, _ := s.state(); terms[1].End.Reason != registry.Crashed {
		t.Errorf("term 1 ended as %q", terms[1].End.Reason)
	}
	testkit.Until(t, "the witness to be gone", func() bool { return isGone(first) })
	_, last := lived(t, s.dir, "a")
	if begun, _ := lived(t, s.dir, "b"); last >= begun {
		t.Errorf("the work of a lived until %v after that of b had begun", last-begun)
	}
	_ = b.Process.Kill()

	c := s.join("c", envInside+"=yes")
	s.works("c")
	guard := witness(c.Process.Pid, 0)
	_ = c.Process.Signal(unix.SIGTERM)
	_ = c.Wait()
	testkit.Until(t, "its witness to be gone", func() bool { return isGone(guard) })
	if terms, instances := s.state(); terms[0].End.Reason != registry.Stopped || len(instances) != 0 {
		t.Errorf("after an orderly stop: %+v, %+v", terms[0], instances)
	}
}

// systemd sends SIGTERM to what is left of a unit whose main process is dead. Whoever waits
// for the end of the output, as ssh does, must not wait for the last will.
func TestLastWill_OutlivesSignalsToAWholeUnitAndHoldsNoOutput(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"detached", "before the process", "opening", "ending the term"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			a := s.join("a", guard.EnvStep+"="+step, guard.EnvStepDir+"="+s.dir)
			s.works("a")
			guards, err := procfs.Children(strconv.Itoa(a.Process.Pid))
			if err != nil || len(guards) != 1 {
				t.Fatalf("children %v, %v; want a guard", guards, err)
			}
			_ = a.Process.Kill()
			_ = a.Wait()
			pid := s.stopped()
			for fd := range 3 {
				name, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", guards[0], fd))
				if err != nil || name != os.DevNull {
					t.Errorf("descriptor %d of the guard is %s, %v", fd, name, err)
				}
			}
			for _, process := range []int{guards[0], pid} {
				for _, sig := range []unix.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGABRT} {
					_ = unix.Kill(process, sig)
				}
			}
			_ = unix.Kill(pid, unix.SIGCONT)
			testkit.Until(t, "its term to end", func() bool { terms, _ := s.state(); return terms[0].End.Reason == registry.Crashed })
		})
	}
}

// The other guards would not know of the command of a guard that was started before.
func TestLastWill_IsRefusedIfItComesLateOrTwice(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ role, env, want string }{
		{"late", envLate + "=yes", "too late"},
		{"again", envLate + "=", "already"},
	} {
		cmd := testkit.Self(t, test.role)
		cmd.Env = append(cmd.Env, test.env)
		out, err := cmd.Output()
		if err != nil || !strings.Contains(string(out), test.want) {
			t.Errorf("%s: %q, %v; want %q in it", test.role, out, err, test.want)
		}
	}
}

// The process that carries out the last will begins as the program does, so it may do
// something else.
func TestLastWill_OfAProgramThatDoesSomethingElseFirst(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"exits", "hangs", "serves"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			a := s.join("a", envAstray+"="+how, guard.EnvStepDir+"="+s.dir)
			s.works("a")
			_ = a.Process.Kill()
			_ = a.Wait()
			testkit.Until(t, "its term to have ended and its record to be gone", func() bool {
				terms, instances := s.state()
				return terms[0].End.Reason == registry.Crashed && len(instances) == 0
			})
			report, _ := os.ReadFile(filepath.Join(s.dir, "astray"))
			if n := strings.Count(string(report), "\n"); n != 1 {
				t.Errorf("it did so %d times, want once:\n%s", n, report)
			}
			if n := strings.Count(string(report), lastwill.ErrExecuting.Error()); how == "serves" && n != 2 {
				t.Errorf("%q, want the guard and the member to say: %v", report, lastwill.ErrExecuting)
			}
		})
	}
}

// An exit code says nothing, and the program is not started for ever.
func TestLastWill_OfAProgramThatNeverComesToIt(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	a := s.join("a", envAstray+"=exits always", guard.EnvStepDir+"="+s.dir)
	s.works("a")
	guards, err := procfs.Children(strconv.Itoa(a.Process.Pid))
	if err != nil || len(guards) != 1 {
		t.Fatalf("children %v, %v; want a guard", guards, err)
	}
	_ = a.Process.Kill()
	_ = a.Wait()
	testkit.Until(t, "the guard to give up", func() bool { return isGone(guards[0]) })
	report, _ := os.ReadFile(filepath.Join(s.dir, "astray"))
	if n := strings.Count(string(report), "\n"); n < 2 || n > guard.MaxWillTries {
		t.Errorf("it was started %d times, want 2 to %d", n, guard.MaxWillTries)
	}
	if terms, instances := s.state(); !terms[0].Open() || len(instances) != 1 {
		t.Errorf("%+v, %+v, although nothing was done", terms[0], instances)
	}
}

// Whoever starts the program by the name of a guard gets no instance.
func TestLastWill_WithoutALedgerNothingIsDone(t *testing.T) {
	t.Parallel()
	cmd := testkit.Self(t, "again")
	cmd.Args = []string{guardname.Name, "last-will"}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), "only a guard can start this") {
		t.Errorf("%v: %q", err, out)
	}
}

// A program may be started with a lock on an open file, as flock does, or with a pipe, whose
// reader waits for its end.
func TestLastWill_HoldsNoFileThatTheInstanceWasStartedWith(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	end, file, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer end.Close()
	for range 7 { // so it is descriptor 9, too, which no file of the guard replaces
		s.files = append(s.files, file)
	}
	a := s.join("a", guard.EnvStep+"=detached", guard.EnvStepDir+"="+s.dir)
	_ = file.Close()
	s.works("a")
	_ = a.Process.Kill()
	_ = a.Wait()
	pid := s.stopped()
	if log, _ := os.ReadFile(filepath.Join(s.dir, "a.log")); strings.Count(string(log), "work-guard: Understudy is gone") != 1 {
		t.Errorf("want a line about the death of the instance in its output:\n%s", log)
	}
	_ = end.SetReadDeadline(time.Now().Add(testkit.Patience))
	if _, err := end.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("%v, want the end of the pipe", err)
	}
	_ = unix.Kill(pid, unix.SIGCONT)
	testkit.Until(t, "its term to end", func() bool { terms, _ := s.state(); return terms[0].End.Reason == registry.Crashed })
}

// A process that nobody continues must not stay for ever.
func TestLastWill_FrozenGuardIsKilledAfterT(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"detached", "understudy dead", "trees gone", "before the process"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.orphanAfter = 3 * time.Second
			a := s.join("a", guard.EnvStep+"="+step, guard.EnvStepDir+"="+s.dir)
			s.works("a")
			_ = a.Process.Kill()
			_ = a.Wait()
			pid := s.stopped()
			testkit.Until(t, "the guard to be killed", func() bool { return isGone(pid) })
		})
	}
}

// A command that failed is started again after up to a minute, and an orderly end takes as
// long as the registry does not answer. There may be no guard meanwhile but a witness.
func TestLastWill_OfAnInstanceThatHasLostItsGuard(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	a := s.join("a", envRuns+"=1", envAlone+"=yes")
	testkit.Until(t, "a to have no guard of its work", func() bool {
		_, err := os.Stat(filepath.Join(s.dir, "alone"))
		return err == nil
	})
	testkit.Until(t, "a witness", func() bool {
		list, _ := procfs.Children(strconv.Itoa(a.Process.Pid))
		return len(list) == 1 && !isGone(list[0])
	})
	_ = a.Process.Kill()
	_ = a.Wait()
	testkit.Until(t, "its term to end", func() bool { terms, _ := s.state(); return terms[0].End.Reason == registry.Crashed })
}
