package instance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/logging"
	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/jobfile"
	"github.com/understudy-go/understudy/worker"
)

// rereadAfter is how often the jobs file is read again.
const rereadAfter = 2 * time.Second

// jobsFile is the jobs file of an instance. It is read again when it changes.
type jobsFile struct {
	path   string // as the user gave it
	full   string // the same, absolute
	limits jobs.Limits

	inForce content // what was read and accepted, or refused, last
	last    content // what was read last
}

// content identifies what is in a file, or why it cannot be read.
type content [sha256.Size]byte

// readJobsFile reads the jobs file of a configuration. An error is of type
// [jobfile.Problems].
func readJobsFile(conf config.Config) (*jobsFile, jobfile.File, error) {
	f := &jobsFile{path: conf.Jobs, full: conf.Jobs, limits: jobs.Limits{StopGrace: conf.Timing.StopGrace}}
	if !filepath.IsAbs(f.full) {
		f.full = filepath.Join(worker.WorkingDir(), f.full) // a deployment may turn a link in it
	}
	data, err := f.read()
	if err != nil {
		return f, jobfile.File{}, jobfile.Unreadable(f.path, err)
	}
	f.inForce = f.last
	file, err := jobfile.ReadFrom(f.path, bytes.NewReader(data), f.limits)
	return f, file, err
}

// read returns what is in the file, up to what a jobs file may have and a byte more.
func (f *jobsFile) read() (data []byte, err error) {
	opened, err := os.Open(f.full)
	if err == nil {
		defer opened.Close()
		data, err = io.ReadAll(io.LimitReader(opened, jobfile.MaxSize+1))
	}
	if err != nil {
		f.last = sha256.Sum256([]byte("it cannot be read: " + err.Error()))
		return nil, err
	}
	f.last = sha256.Sum256(data)
	return data, nil
}

// again reads the file again. It reports whether there is something new in it, which has
// been the same twice: somebody who writes the file may be in the middle of it. An error
// is of type [jobfile.Problems].
func (f *jobsFile) again() (file jobfile.File, changed bool, err error) {
	before := f.last
	data, err := f.read()
	if f.last == f.inForce || f.last != before {
		return jobfile.File{}, false, nil
	}
	f.inForce = f.last
	if err != nil {
		return jobfile.File{}, true, jobfile.Unreadable(f.path, err)
	}
	file, err = jobfile.ReadFrom(f.path, bytes.NewReader(data), f.limits)
	return file, true, err
}

// follow reads the file again and again until ctx ends, and calls use with each new
// content that is right. One that is wrong is refused, and the one before stays in force.
// What is no regular file, such as a pipe, can be read only once.
func (f *jobsFile) follow(ctx context.Context, log zerolog.Logger, use func(jobfile.File)) {
	if info, err := os.Stat(f.full); err == nil && !info.Mode().IsRegular() {
		return
	}
	ticker := time.NewTicker(rereadAfter)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		file, changed, err := f.again()
		switch {
		case !changed:
		case err != nil:
			log.Error().Msg("the jobs file has changed and is refused, so the jobs stay as they were: " + logging.Text(err))
		default:
			log.Info().Msgf("the jobs file has changed: it has %s", countJobs(len(file.Jobs)))
			use(file)
		}
	}
}

// countJobs says how many jobs there are.
func countJobs(n int) string {
	if n == 1 {
		return "1 job"
	}
	return fmt.Sprintf("%d jobs", n)
}
