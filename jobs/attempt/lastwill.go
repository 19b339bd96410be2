package attempt

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"github.com/understudy-go/understudy/internal/lastwill"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/worker"
)

func init() { lastwill.DescribeWith(describe) }

// bequest is what a last will has to know of the command of an attempt.
type bequest struct {
	Folder  string // the private folder
	Timeout time.Duration
}

// bequeath has a last will know of the command that is about to be started.
func (a *attempt) bequeath(ctx context.Context) {
	data, err := json.Marshal(bequest{a.folder.path, a.job.Timeout})
	if err == nil {
		err = lastwill.RunOf(ctx).Note(data)
	}
	if err != nil {
		a.log.Warn().Err(err).Msg("a last will would not know how this run ended")
	}
}

// lateRemark is what people should know about an end that a last will has recorded.
const lateRemark = "its instance was killed, or crashed, before it recorded this: what the command wrote last may be missing"

// describe says in a last will how an attempt ended. A process that looks for leftovers may
// have removed the private folder meanwhile.
func describe(command json.RawMessage, e lastwill.RunEnd) lastwill.Outcome {
	var b bequest
	if err := json.Unmarshal(command, &b); err != nil {
		return lastwill.Outcome{End: string(store.AttemptExited), Code: e.Code, Remark: abandoned}
	}
	a := &attempt{job: Job{Timeout: b.Timeout}}
	end := worker.End{Outcome: outcomes[e.How], Started: true, Code: e.Code, Signal: e.Signal, Left: e.Left}
	state, text := a.endOf(end)
	late := lateRemark
	if e.How == lastwill.Abandoned {
		text, late = abandoned, ""
	}
	result, remark := resultIn(b.Folder)
	return lastwill.Outcome{End: string(state), Code: codeOf(end), Remark: remarks(text, remark, late), Result: result}
}

// abandoned is the remark of an attempt whose command was killed because its instance was
// dead.
const abandoned = "its instance was killed, or crashed, and the command with it"

// outcomes are those of a command that ended somehow.
var outcomes = map[lastwill.How]worker.Outcome{
	lastwill.Itself: worker.Exited, lastwill.TimedOut: worker.TimedOut, lastwill.LeaseEnded: worker.LeaseEnded,
	lastwill.Told: worker.Cancelled, lastwill.Abandoned: worker.Cancelled,
}

// resultIn reads the result in a private folder.
func resultIn(path string) (result []byte, remark string) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, "its result was left out: " + err.Error()
	}
	defer root.Close()
	return (&attempt{folder: &folder{path: path, root: root}}).result()
}
