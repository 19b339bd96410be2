package worker

import "os"

func newPipe() (p pipe, err error) {
	p.r, p.w, err = os.Pipe()
	return p, err
}

// read calls f with what arrives, until the pipe ends. It ends with the job, whose
// processes alone have its other end.
func (p pipe) read(f func(chunk []byte)) {
	buf := make([]byte, chunkSize)
	for {
		n, err := p.r.Read(buf)
		if n > 0 {
			f(buf[:n])
		}
		if err != nil {
			return
		}
	}
}

// stopWaiting does nothing: the pipe ends when nothing of the job is left.
func (p pipe) stopWaiting() {}
