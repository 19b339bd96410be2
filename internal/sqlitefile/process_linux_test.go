package sqlitefile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/testkit"
)

// The test binary runs itself: as another process that uses the same file.
func TestMain(m *testing.M) {
	on := func(f func(path, how string) error, how string) testkit.Role {
		return testkit.RoleOf(func(path string) error { return f(path, how) })
	}
	testkit.RunRole(map[string]testkit.Role{
		"freeze":               on(freeze, "0s"),
		"freeze, with a timer": on(freeze, "3s"), // long enough to print that it is in the transaction
		"fault in a read":      on(truncateDuring, "a read"),
		"fault in a write":     on(truncateDuring, "a write"),
		"pending":              testkit.RoleOf(openWithoutPendingSignals),
		"unwatchable":          testkit.RoleOf(watchWithoutInotify),
	})
	os.Exit(m.Run())
}

const inTransaction = "in the transaction"

// freeze stops this process inside a write transaction. The kill timer has the given
// time for the transaction alone, since opening the file may take long.
func freeze(path, killAfter string) error {
	d, err := time.ParseDuration(killAfter)
	if err != nil {
		return err
	}
	o := Options{Schema: testSchema}
	if d > 0 {
		o.KillAfter = time.Hour
	}
	f, err := Open(context.Background(), path, o)
	if err != nil {
		return err
	}
	f.options.KillAfter = d
	_, err = Commit(context.Background(), f, Relaxed, func(*Conn) (int, error) {
		fmt.Print(inTransaction)
		err := syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		time.Sleep(time.Hour) // the signal may stop this thread a little later
		return 0, err
	})
	return err
}

// startFrozen starts a process that is frozen inside a write transaction, and that
// nothing kills before the function that it returns.
func startFrozen(t *testing.T, path string) (cmd *exec.Cmd, kill func()) {
	t.Helper()
	cmd = testkit.Self(t, "freeze", path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		t.Helper()
		if err := errors.Join(cmd.Process.Kill(), ignoreExit(cmd.Wait())); err != nil {
			t.Fatal(err)
		}
	}
	for end := time.Now().Add(deadline); ; time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
		if err != nil || time.Now().After(end) {
			kill()
			t.Fatalf("it has not stopped: %v", err)
		}
		if strings.Contains(string(stat), ") T ") {
			return cmd, kill
		}
	}
}

func ignoreExit(err error) error {
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil
	}
	return err
}
