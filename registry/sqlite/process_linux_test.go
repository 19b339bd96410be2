package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/registry"
)

// The test binary runs itself: as another process that uses the same file.
func TestMain(m *testing.M) {
	path := os.Getenv("UNDERSTUDY_TEST_PATH")
	var err error
	switch os.Getenv("UNDERSTUDY_TEST_SQLITE") {
	case "freeze":
		err = freeze(path, os.Getenv("UNDERSTUDY_TEST_ORPHAN_AFTER"))
	case "member":
		err = member(path)
	case "newcomer":
		err = newcomer(path)
	case "look":
		err = look(path)
	case "check":
		err = findings(path)
	case "mounts":
		err = mounts(path)
	case "fault":
		err = fault(path)
	case "pending":
		err = pending(path)
	case "unwatchable":
		err = unwatchable(path)
	case "unsearchable":
		err = unsearchable(path)
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
		"GORACE=atexit_sleep_ms=0") // for each of them it would be a second
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

const inTransaction = "in the transaction"

// freeze stops this process inside a write transaction.
func freeze(path, orphanAfter string) error {
	t, err := time.ParseDuration(orphanAfter)
	if err != nil {
		return err
	}
	r, err := Open(context.Background(), path, Options{OrphanAfter: t})
	if err != nil {
		return err
	}
	_, err = writing(context.Background(), r, ofInstances, func(*conn) (int, error) {
		fmt.Print(inTransaction)
		err := syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		time.Sleep(time.Hour) // the signal may take this thread a little later
		return 0, err
	})
	return err
}

// stopped waits until the process is in the state T.
func stopped(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("it has not stopped: %v", err)
		}
		if strings.Contains(string(stat), ") T ") {
			return
		}
	}
}

func TestFrozenWriterIsKilled(t *testing.T) {
	timer, err := boottime.NewKillTimer()
	if err != nil {
		t.Skipf("no kernel timer here: %v", err)
	}
	defer timer.Close()
	path := filepath.Join(t.TempDir(), "registry.db")
	r := open(t, path)
	in := join(t, r, "g")

	cmd := helper(t, "freeze", path, "UNDERSTUDY_TEST_ORPHAN_AFTER=12s") // so 3 s to open it, and to say that it has
	timeout := time.AfterFunc(deadline, func() { _ = cmd.Process.Kill() })
	out, err := cmd.Output()
	if !timeout.Stop() {
		t.Fatal("the kernel did not end it")
	}
	if err == nil || err.Error() != "signal: killed" || string(out) != inTransaction {
		t.Errorf("it ended with %v and said %q, want signal: killed and %q", err, out, inTransaction)
	}
	if _, err := r.Beat(t.Context(), in.ID, in.Status); err != nil {
		t.Errorf("then Beat: %v", err)
	}
}

// Without the timer everyone is locked out. Callers still return in time, views
// go on, and the error says why.
func TestLockedOutCallersReturnInTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	r := open(t, path)
	in := join(t, r, "g")
	cmd := helper(t, "freeze", path, "UNDERSTUDY_TEST_ORPHAN_AFTER=0s")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped(t, cmd.Process.Pid)

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := r.Beat(ctx, in.ID, in.Status); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Beat: %v, want context.DeadlineExceeded", err)
	}
	if list, _, err := r.Instances(t.Context(), "g"); err != nil || len(list) != 1 || list[0].Beat != 0 {
		t.Errorf("Instances: %+v, %v; want one that has not beaten", list, err)
	}
	if err := errors.Join(cmd.Process.Kill(), ignoreExit(cmd.Wait())); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Beat(t.Context(), in.ID, in.Status); err != nil {
		t.Errorf("then Beat: %v", err)
	}
}

func ignoreExit(err error) error {
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil
	}
	return err
}

// member registers, beats, and takes every term that it can, as fast as it
// can, until its standard input ends. Only the errors of the contract may come.
func member(path string) error {
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		stop()
	}()
	r, err := Open(ctx, path, Options{OrphanAfter: 20 * time.Second})
	if err != nil {
		return err
	}
	defer func() { _ = r.Close(context.Background()) }()
	for ctx.Err() == nil {
		in := registry.Instance{ID: uuid.Must(uuid.NewV7()), Group: "g"}
		if _, err := r.Register(ctx, in); err != nil && ctx.Err() == nil {
			return err
		}
		for ctx.Err() == nil {
			_, err := r.Beat(ctx, in.ID, registry.Status{Role: registry.Passive})
			if errors.Is(err, registry.ErrNotRegistered) {
				break
			}
			if err != nil && ctx.Err() == nil {
				return err
			}
			v, err := r.View(ctx, "g")
			if err != nil && ctx.Err() == nil {
				return err
			}
			next := registry.Term{Group: "g", Number: 1, Holder: in.ID}
			if v.Latest != nil {
				next.Number += v.Latest.Number
			}
			if err := r.BeginTerm(ctx, next); err != nil && !errors.Is(err, registry.ErrTermTaken) && ctx.Err() == nil {
				return err
			}
		}
	}
	return nil
}

// Several processes are busy with a file while it is removed, again and again.
// All of them find the new one; none of them harms it.
func TestProcessesMoveToTheNewFileTogether(t *testing.T) {
	const processes, rounds = 3, 9 // every way twice
	path := filepath.Join(t.TempDir(), "registry.db")
	var inputs []func() error
	var members []*exec.Cmd
	outputs := make([]strings.Builder, processes)
	for i := range processes {
		cmd := helper(t, "member", path)
		cmd.Stdout, cmd.Stderr = &outputs[i], &outputs[i]
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		inputs, members = append(inputs, in.Close), append(members, cmd)
	}
	for round := range rounds {
		var list []registry.Instance
		deadline := time.Now().Add(30 * time.Second)
		for len(list) < processes {
			if time.Now().After(deadline) {
				t.Errorf("round %d: only %d of %d processes are in the file", round, len(list), processes)
				break
			}
			r, err := Open(t.Context(), path, Options{})
			if err != nil {
				t.Errorf("round %d: Open: %v", round, err)
				break
			}
			if list, _, err = r.Instances(t.Context(), "g"); err != nil {
				t.Errorf("round %d: %v", round, err)
			}
			if _, err := r.Terms(t.Context(), "g", 1<<30); err != nil {
				t.Errorf("round %d: %v", round, err)
			}
			var verdict string
			if err := r.file.reader.scan("PRAGMA integrity_check", &verdict); err != nil || verdict != "ok" {
				t.Errorf("round %d: the file is damaged: %s, %v", round, verdict, err)
			}
			_ = r.Close(t.Context())
		}
		if t.Failed() || round == rounds-1 {
			break
		}
		switch round % 4 {
		case 0:
			_ = os.Remove(path)
		case 1:
			_ = os.Rename(path, path+".old")
		case 2:
			for _, suffix := range []string{"", "-wal", "-shm"} {
				_ = os.Remove(path + suffix)
			}
		case 3:
			for _, suffix := range []string{"-terms", "", "-shm", "-wal"} {
				_ = os.Remove(path + suffix)
			}
		}
	}
	for i := range members {
		_ = inputs[i]()
	}
	for i, cmd := range members {
		if err := cmd.Wait(); err != nil {
			t.Errorf("process %d: %v: %s", i, err, outputs[i].String())
		}
	}
}
