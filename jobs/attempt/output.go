package attempt

import (
	"io"

	"github.com/understudy-go/understudy/worker"
)

// output takes what a run writes.
type output struct {
	excerpt worker.Excerpt
	live    *live
	streams [2]io.WriteCloser // the lines of its standard output and error
}

// write takes what came in a stream, see worker.Execution. It waits for the lines, which
// may have to be written first, and for nobody else.
func (o *output) write(stream int, chunk []byte) {
	_, _ = o.excerpt.Write(chunk) // none of the writers fails
	o.live.write(chunk)
	_, _ = o.streams[stream-1].Write(chunk)
}

// close passes on lines without an end.
func (o *output) close() {
	for _, s := range o.streams {
		_ = s.Close()
	}
}
