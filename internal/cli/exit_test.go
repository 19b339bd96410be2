package cli

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/openregistry"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/mongodb"
	"github.com/understudy-go/understudy/registry/sqlite"
	"github.com/understudy-go/understudy/worker"
)

func TestExplain_EscapesAndNamesNoPackages(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{errors.New("the server says \x1b[2J\u202e\u009b31m"), `the server says \x1b[2J\u202e\x9b31m`},
		{fmt.Errorf("group g: %w: again; %w", registry.ErrCorrupt, heartbeat.ErrWorkFailing), "group g: corrupt record: again; work keeps failing"},
		{&config.Error{Mistakes: []string{"a\x1b", "b\r"}}, "2 mistakes in the environment:\n  " + `a\x1b` + "\n  " + `b\x0d`},
	} {
		if got := explain(tt.err); got != tt.want {
			t.Errorf("%q:\n got %q\nwant %q", tt.err, got, tt.want)
		}
	}
}

func TestExitCodeOf_KnowsEachKindOfError(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want int
	}{
		{nil, exitcode.OK},
		{errors.New("any other"), exitcode.Failure},
		{usageError{errors.New("no such flag")}, exitcode.Usage},
		{&config.Error{Mistakes: []string{"a"}}, exitcode.Config},
		{openregistry.UnavailableError{Err: sqlite.ErrPath}, exitcode.Config},
		{openregistry.UnavailableError{Err: mongodb.ErrURI}, exitcode.Config},
		{openregistry.UnavailableError{Err: mongodb.ErrUnreachable}, exitcode.Unavailable},
		{heartbeat.ErrUnreachable, exitcode.Unavailable},
		{registry.ErrRefused, exitcode.Unavailable},
		{registry.ErrCorrupt, exitcode.Unavailable},
		{heartbeat.ErrStuck, exitcode.Stuck},
		{fmt.Errorf("prepare: %w", worker.ErrIsolation), exitcode.Config},
		{worker.ErrNotFound, exitcode.NotFound},
		{worker.ErrNotExecutable, exitcode.NotExecutable},
		{signalError{signal: 2}, 130},
		{&worker.Exit{Code: 3}, 3},
		{&heartbeat.WorkExit{Code: 4}, 4},
		{&heartbeat.WorkDoneError{ExitCode: 5}, 5},
	} {
		for _, err := range []error{tt.err, fmt.Errorf("wrapped: %w", tt.err)} {
			if tt.err == nil && err != nil {
				continue
			}
			if got := exitCodeOf(err); got != tt.want {
				t.Errorf("%v: exit code %d, want %d", err, got, tt.want)
			}
		}
	}
}

// closedGate is a reader who does not read until it is opened.
type closedGate struct{ open chan struct{} }

func (g closedGate) Write(p []byte) (int, error) {
	<-g.open
	return len(p), nil
}

func TestMain_UnreadErrorDelaysTheExitForAMomentOnly(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	testkit.CleanEnv(t)
	g := closedGate{make(chan struct{})}
	ended := make(chan int)
	go func() { ended <- Main(t.Context(), []string{"nonsense"}, io.Discard, g) }()
	select {
	case code := <-ended:
		if code != exitcode.Usage {
			t.Errorf("exit code %d, want %d", code, exitcode.Usage)
		}
		close(g.open)
	case <-time.After(testkit.Patience):
		close(g.open)
		t.Error("it waits for a reader")
		<-ended
	}
}
