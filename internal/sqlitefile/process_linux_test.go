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
)

// The test binary runs itself: as another process that uses the same file.
func TestMain(m *testing.M) {
	path := os.Getenv("UNDERSTUDY_TEST_PATH")
	var err error
	switch os.Getenv("UNDERSTUDY_TEST_SQLITE") {
	case "freeze":
		err = freeze(path, os.Getenv("UNDERSTUDY_TEST_KILL_AFTER"))
	case "fault":
		err = truncateDuring(path, os.Getenv("UNDERSTUDY_TEST_FAULT"))
	case "pending":
		err = openWithoutPendingSignals(path)
	case "unwatchable":
		err = watchWithoutInotify(path)
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

func helper(t *testing.T, mode, path string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "UNDERSTUDY_TEST_SQLITE="+mode, "UNDERSTUDY_TEST_PATH="+path,
		"GORACE=atexit_sleep_ms=0") // otherwise each of them takes a second more
	cmd.Env = append(cmd.Env, env...)
	return cmd
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
	cmd = helper(t, "freeze", path, "UNDERSTUDY_TEST_KILL_AFTER=0s")
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
