package instance

import (
	"context"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/worker"
)

// CheckHook returns what is wrong with the hook of a configuration, as a
// [*config.Error].
func CheckHook(conf config.Config) error {
	_, err := newHookSpec(conf)
	return err
}

// CheckJobs reads the jobs file of a configuration, and says what is in it. It is empty if
// there is none. The error is of type [jobfile.Problems].
func CheckJobs(conf config.Config) (text string, err error) {
	if conf.Jobs == "" {
		return "", nil
	}
	_, file, err := readJobsFile(conf)
	return countJobs(len(file.Jobs)), err
}

// CheckGuard starts a guard as an instance does, and ends it. The machine may refuse
// what a guard needs, a timer of the kernel for one. It returns the isolation that is in
// effect, in words.
func CheckGuard(ctx context.Context, conf config.Config) (isolation string, err error) {
	spec, err := commandSpec(conf, nil)
	if err != nil {
		return "", err
	}
	command, err := worker.NewCommand(spec)
	if err != nil {
		return "", err
	}
	defer command.Close()
	err = command.Prepare(ctx)
	return command.Isolation(), err
}
