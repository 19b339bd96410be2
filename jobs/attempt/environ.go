package attempt

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/worker"
)

// environ returns what the environment of the command has besides that of this process. The
// executor leaves out what is private to this process, and what an instance that runs in a
// job got itself.
func (a *attempt) environ() []string {
	env := slices.DeleteFunc(slices.Clone(a.job.Env), func(entry string) bool {
		return strings.HasPrefix(strings.ToUpper(entry), config.EnvPrefix)
	})
	env = append(env,
		config.EnvGroup+"="+a.run.Group,
		config.EnvInstance+"="+a.run.Instance.String(),
		config.EnvTerm+"="+strconv.FormatInt(a.run.Term, 10),
		config.EnvJob+"="+a.run.Job,
		config.EnvRunID+"="+a.run.Key.String(),
		config.EnvAttempt+"="+strconv.Itoa(a.run.Attempt),
		config.EnvTrigger+"="+string(a.run.Trigger),
		config.EnvProgressFile+"="+a.folder.file(progressFile),
		config.EnvResultFile+"="+a.folder.file(resultFile),
		config.EnvCheckpointFile+"="+a.folder.file(checkpointFile),
	)
	if !a.run.Slot.IsZero() {
		env = append(env, config.EnvSlot+"="+a.run.Slot.UTC().Format(time.RFC3339))
	}
	if a.hasPayload() {
		env = append(env, config.EnvPayloadFile+"="+a.folder.file(payloadFile))
	}
	return env
}

// workingDir returns the directory in which the command starts. Its name may have links in
// it, which are followed at each start.
func (r *Runner) workingDir(j Job) string {
	switch {
	case j.Dir == "":
		return r.dir
	case filepath.IsAbs(j.Dir) || r.dir == "":
		return j.Dir
	}
	return filepath.Join(r.dir, j.Dir)
}

// Check returns why the command of a job cannot be executed on this machine now; nil if it
// can.
func (r *Runner) Check(j Job) error {
	name := j.Command[0]
	if filepath.Base(name) != name && !filepath.IsAbs(name) {
		name = filepath.Join(r.workingDir(j), name)
	}
	_, err := worker.Resolve(name)
	return err
}
