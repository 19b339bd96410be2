package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/worker"
)

// plan is what an instance is to do: all that can be wrong with it is known
// before anything is touched.
type plan struct {
	conf    config.Config
	version string
	work    worker.Spec
	print   string // of the command: peers warn when theirs differs
	hook    *hook
	author  *heartbeat.Author // adds to each line of log who writes it
	log     zerolog.Logger    // of the whole process
}

func newPlan(c *cobra.Command, args []string) (p plan, err error) {
	conf, warnings, err := config.Load()
	if err != nil {
		return plan{}, err
	}
	p = plan{conf: conf, version: c.Root().Version, print: fingerprint(args), author: heartbeat.NewAuthor(conf.Group)}
	p.log = newLogger(conf, c.ErrOrStderr()).Hook(p.author)
	if p.work, err = workSpec(conf, args); err != nil {
		return plan{}, err
	}
	p.work.Log = p.log
	if p.hook, err = newHook(conf); err != nil {
		return plan{}, err
	}
	for _, w := range warnings {
		p.log.Warn().Msg(w)
	}
	scope := ""
	if conf.Registry.Implicit {
		scope = ": this user on this machine only"
	}
	p.log.Info().Msgf("registry %s%s", conf.Registry, scope)
	return p, nil
}

// workSpec says what an active instance runs: the command, resolved now so that
// a passive instance fails at start and not at its promotion, or the built-in
// demo work.
func workSpec(conf config.Config, args []string) (worker.Spec, error) {
	spec := worker.Spec{
		Dir:     worker.WorkingDir(),
		Env:     os.Environ(),
		Restart: conf.Restart,
		Timing:  conf.Timing,
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

// findProgram is what to start a program by: a path, or a name that is to be looked
// up again at each start. It is there now, or that is the error.
func findProgram(name string) (string, error) {
	path, err := worker.Resolve(name)
	if filepath.Base(name) == name {
		path = name
	}
	return path, err
}

// fingerprint tells apart what different instances run.
func fingerprint(args []string) string {
	sum := sha256.Sum256([]byte(strings.Join(args, "\x00")))
	return hex.EncodeToString(sum[:8])
}
