package heartbeat

import (
	"errors"
	"testing"

	"github.com/understudy-go/understudy/worker"
)

// Package worker does not import this one, but its types fit.
var (
	_ Guard     = (*worker.Command)(nil)
	_ Guard     = (*worker.Executor)(nil)
	_ FinalExit = (*worker.Exit)(nil)
)

func TestOutcome_ErrFailedOfWorkerIsWorkFailing(t *testing.T) {
	if failing, ok := errors.AsType[WorkFailing](worker.ErrFailed); !ok || !failing.WorkFailing() {
		t.Errorf("%v is not", worker.ErrFailed)
	}
}
