package attempt

import (
	"fmt"
	"strings"

	"github.com/understudy-go/understudy/internal/wording"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/worker"
)

const tooLate = "it was not started: the lease was over, or about to end"

// notStarted returns the end of an attempt whose command was not started.
func notStarted(end store.AttemptEnd, remark string) End {
	return End{End: end, Code: -1, Remark: registry.Clip(remark), Unstarted: true}
}

// endOf returns how the attempt ended, and what people should know about that.
func (a *attempt) endOf(e worker.End) (store.AttemptEnd, string) {
	switch e.Outcome {
	case worker.Exited:
		if e.Succeeded() {
			return store.AttemptCompleted, ""
		}
		return store.AttemptFailed, exit(e)
	case worker.TimedOut:
		text := "it had not ended after its timeout of " + wording.Span(a.job.Timeout)
		if e.Signal == sigkill {
			text += ", nor after its grace, and was killed"
		}
		return store.AttemptTimedOut, text
	case worker.LeaseEnded:
		return store.AttemptExited, "the lease was over, so it was stopped"
	case worker.GuardDied:
		return store.AttemptExited, "its guard died, and the command with it"
	case worker.Late:
		return store.AttemptExited, tooLate
	case worker.NotStarted:
		return store.AttemptFailed, "it cannot be started: " + a.why(e.Err)
	}
	if e.Unstarted {
		return store.AttemptExited, "it was told to stop before it was started"
	}
	return store.AttemptExited, "it was told to stop"
}

// sigkill is the number of SIGKILL everywhere.
const sigkill = 9

// codeOf returns the exit code that the record gets. A command that left processes behind
// has failed, whatever its code says.
func codeOf(e worker.End) int {
	if e.Outcome == worker.Exited && e.Code == 0 && e.Left > 0 {
		return worker.CodeLeftBehind
	}
	return e.Code
}

// exit describes the exit of a command that failed.
func exit(e worker.End) string {
	var parts []string
	switch {
	case e.Signal == sigkill:
		parts = append(parts, "killed by SIGKILL, which Understudy did not send (the kernel does, if memory runs out)")
	case e.Signal != 0:
		parts = append(parts, "killed by "+signalName(e.Signal))
	case e.Code != 0:
		parts = append(parts, fmt.Sprintf("exit code %d", e.Code))
	}
	if e.Left > 0 {
		parts = append(parts, "it "+worker.LeftBehind(e.Left))
	}
	return strings.Join(parts, ", and ")
}

// why says why the command cannot be started, with its name.
func (a *attempt) why(err error) string {
	text, path := strings.TrimPrefix(err.Error(), "worker: "), a.job.Command[0]
	if !strings.Contains(text, path) && !strings.HasPrefix(text, "directory ") {
		text = fmt.Sprintf("%.100s: %s", path, text)
	}
	return text
}

// remarks joins what people should know.
func remarks(texts ...string) string {
	var list []string
	for _, t := range texts {
		if t != "" {
			list = append(list, t)
		}
	}
	return registry.Clip(strings.Join(list, "; "))
}
