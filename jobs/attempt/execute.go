package attempt

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/worker"
)

const (
	// pace is how often the files of a run are looked at, and its output is stored.
	pace = time.Second
	// closingTime bounds what is stored after the command has ended.
	closingTime = 5 * time.Second
	// hurriedTime bounds it when ctx has ended: the instance waits for that.
	hurriedTime = time.Second
)

// execute runs the command.
func (a *attempt) execute(ctx context.Context) End {
	calls, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	over := make(chan struct{}) // closed when the command has ended
	var wait sync.WaitGroup

	live := newLive(a)
	wait.Go(func() { live.send(calls, over) })
	files := a.newWatcher()
	wait.Go(func() { files.watch(calls, over) })
	out := output{live: live, streams: [...]io.WriteCloser{a.stdout.Of(a.job.Name), a.stderr.Of(a.job.Name)}}

	end := a.config.Executor.Run(ctx, worker.Execution{
		Name: a.run.Key.String(),
		Path: a.job.Command[0], Args: a.job.Command, Dir: a.workingDir(), Extra: a.environ(),
		Timeout: a.job.Timeout, Grace: a.job.StopGrace, Output: out.write,
	})

	close(over)
	closing := closeLater(ctx, cancel)
	out.close()
	wait.Wait()
	files.look(calls)
	closing()
	a.stdout.Flush()
	a.stderr.Flush()

	result, remark := a.result()
	state, text := a.endOf(end)
	return End{
		End: state, Code: codeOf(end), Remark: remarks(text, remark, files.remark), Result: result,
		Output: store.Output{Head: out.excerpt.Head(), Tail: out.excerpt.Tail(), Bytes: out.excerpt.Size()},
	}
}

// closeLater calls cancel after closingTime, or hurriedTime after ctx has ended. Its result
// has to be called.
func closeLater(ctx context.Context, cancel func()) (stop func()) {
	late := time.AfterFunc(closingTime, cancel)
	var hurried *time.Timer
	var mu sync.Mutex
	stopHurry := context.AfterFunc(ctx, func() {
		mu.Lock()
		defer mu.Unlock()
		hurried = time.AfterFunc(hurriedTime, cancel)
	})
	return func() {
		stopHurry()
		late.Stop()
		mu.Lock()
		defer mu.Unlock()
		if hurried != nil {
			hurried.Stop()
		}
	}
}

// result reads the result that the command has left. The remark says why there is none.
func (a *attempt) result() (result []byte, remark string) {
	data, _, err := (&source{name: resultFile, most: store.MaxResult}).read(a.folder)
	if err != nil {
		return nil, "its result was left out: " + err.Error()
	}
	return data, ""
}
