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
	// hurriedTime bounds it when ctx has ended, and so does a quarter of the executor's stop
	// grace: the instance waits for the attempt, and takes it for stuck a grace later.
	hurriedTime = time.Second
)

// execute runs the command.
func (a *attempt) execute(ctx context.Context) End {
	calls, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	over := make(chan struct{}) // closed when the command has ended
	live, files := newLive(a), a.newWatcher()
	stored := make(chan struct{})
	begin := time.AfterFunc(pace, func() { // a run that is over before needs none of this
		defer close(stored)
		var wait sync.WaitGroup
		wait.Go(func() { live.send(calls, over) })
		files.watch(calls, over)
		wait.Wait()
	})
	out := output{live: live, streams: [...]io.WriteCloser{a.stdout.Of(a.run.Job), a.stderr.Of(a.run.Job)}}

	end := a.config.Executor.Run(ctx, worker.Execution{
		Name: a.run.Key.String(),
		Path: a.job.Command[0], Args: a.job.Command, Dir: a.workingDir(a.job), Extra: a.environ(),
		Timeout: a.job.Timeout, Grace: a.job.StopGrace, Output: out.write,
	})

	close(over)
	hurried := min(hurriedTime, a.config.Executor.StopGrace()/4)
	if end.Outcome == worker.LeaseEnded { // the store is away, or a later term has begun
		cancel()
	}
	closing := closeLater(ctx, hurried, cancel)
	out.close()
	if !begin.Stop() {
		<-stored
	}
	files.poll(calls)
	closing()
	a.stdout.Flush()
	a.stderr.Flush()

	result, remark := a.result()
	state, text := a.endOf(end)
	return End{
		End: state, Unstarted: end.Unstarted, Code: codeOf(end), Remark: remarks(text, remark, files.remark), Result: result,
		Output: store.Output{Head: out.excerpt.Head(), Tail: out.excerpt.Tail(), Bytes: out.excerpt.Size()},
	}
}

// closeLater calls cancel after closingTime, or soon after ctx has ended. Its result has to be
// called.
func closeLater(ctx context.Context, hurried time.Duration, cancel func()) (stop func()) {
	late := time.AfterFunc(closingTime, cancel)
	ended := context.AfterFunc(ctx, func() { late.Reset(hurried) })
	return func() {
		ended()
		late.Stop()
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
