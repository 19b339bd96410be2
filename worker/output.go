package worker

import (
	"os"
	"sync"
)

// runOutput reads what a run writes to its standard output and error.
type runOutput struct {
	mu      sync.Mutex // while to is called
	to      func(stream int, chunk []byte)
	pipes   []pipe
	readers sync.WaitGroup
}

// pipe is one stream of a run. The writing end blocks: it belongs to the command.
type pipe struct{ r, w *os.File }

// chunkSize bounds what one call of Execution.Output gets.
const chunkSize = 32 << 10

// newOutput makes the pipes of a run, and reads them.
func newOutput(to func(stream int, chunk []byte)) (*runOutput, error) {
	o := &runOutput{to: to}
	for range 2 {
		p, err := newPipe()
		if err != nil {
			o.close()
			return nil, err
		}
		o.pipes = append(o.pipes, p)
	}
	for i, p := range o.pipes {
		o.readers.Go(func() { p.read(func(chunk []byte) { o.pass(i+1, chunk) }) })
	}
	return o, nil
}

// pass passes a chunk on.
func (o *runOutput) pass(stream int, chunk []byte) {
	if o.to == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.to(stream, chunk)
}

// writers returns the ends that the command writes to.
func (o *runOutput) writers() []*os.File { return []*os.File{o.pipes[0].w, o.pipes[1].w} }

// finish passes on what is still in the pipes, and returns when that is done. Nothing
// of the command is left, so nothing of it can follow; but another process may have got
// hold of a pipe, so finish does not wait for its end.
func (o *runOutput) finish() {
	for _, p := range o.pipes {
		_ = p.w.Close()
		p.stopWaiting()
	}
	o.readers.Wait()
}

// close closes the pipes.
func (o *runOutput) close() {
	for _, p := range o.pipes {
		_ = p.w.Close()
		p.stopWaiting()
	}
	o.readers.Wait()
	for _, p := range o.pipes {
		_ = p.r.Close()
	}
}
