package instance

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/jobs/jobfile"
	"github.com/understudy-go/understudy/worker"
)

// Plan is what an instance is going to do. Whatever can be found wrong with it without
// touching anything is an error of NewPlan, so that the user reads it at once.
type Plan struct {
	conf    config.Config
	version string
	command *worker.Spec // nil: only jobs are run
	print   string       // a hash of the command: peers warn when theirs differs
	hook    hookSpec
	file    *jobsFile // nil: there is none
	jobs    jobfile.File
}

// NewPlan finds the programs that an instance with that configuration runs, and reads its
// jobs file. Args are the command and its arguments; without any, the instance runs only
// jobs, and without a jobs file the built-in demo work.
func NewPlan(conf config.Config, version string, args []string) (p Plan, err error) {
	p = Plan{conf: conf, version: version, print: fingerprint(args)}
	if conf.Jobs != "" {
		if p.file, p.jobs, err = readJobsFile(conf); err != nil {
			return Plan{}, err
		}
		p.print = fingerprint(append([]string{"", "with jobs"}, args...)) // no command has an empty name
	}
	if conf.Jobs == "" || len(args) > 0 {
		spec, err := commandSpec(conf, args)
		if err != nil {
			return Plan{}, err
		}
		p.command = &spec
	}
	if p.hook, err = newHookSpec(conf); err != nil {
		return Plan{}, err
	}
	return p, nil
}

// commandSpec describes what an active instance runs. The command is looked up now, so
// that a passive instance fails when it starts and not when it is promoted.
func commandSpec(conf config.Config, args []string) (worker.Spec, error) {
	spec := worker.Spec{
		Dir:     worker.WorkingDir(),
		Env:     os.Environ(),
		Restart: conf.Restart,
		Timing:  conf.Timing,

		Isolation: conf.Isolation,
	}
	if len(args) == 0 {
		self, err := os.Executable()
		if err != nil {
			return spec, fmt.Errorf("path of this program: %w", err)
		}
		spec.Path, spec.Args = self, []string{"understudy", "tick"}
		return spec, nil
	}
	path, err := findProgram(args[0])
	spec.Path, spec.Args = path, args
	return spec, err
}

// findProgram returns a path, or a name without a slash, by which a program can be
// started. Such a name is looked up again at each start. It is an error if there is no
// such program now.
func findProgram(name string) (string, error) {
	path, err := worker.Resolve(name)
	if filepath.Base(name) == name {
		path = name
	}
	return path, err
}

// fingerprint returns a hash that differs where instances run different commands.
func fingerprint(args []string) string {
	sum := sha256.Sum256([]byte(strings.Join(args, "\x00")))
	return hex.EncodeToString(sum[:8])
}
