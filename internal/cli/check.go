package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/instance"
	"github.com/understudy-go/understudy/internal/logging"
	"github.com/understudy-go/understudy/internal/openregistry"
	"github.com/understudy-go/understudy/internal/signals"
	"github.com/understudy-go/understudy/internal/terminal"
	"github.com/understudy-go/understudy/jobs/jobfile"
	"github.com/understudy-go/understudy/registry/finding"
	"github.com/understudy-go/understudy/status"
	"github.com/understudy-go/understudy/worker"
)

func newCheck(code *int) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "check",
		Short: "See whether an instance could run here, without joining",
		Long: `Check examines the configuration, this machine, and the registry as it is reached
from here. It also does what an instance does at its start, in a group of its own, and
removes what it has written. It joins no group and leaves nothing behind. It prints a line
for each thing that an instance needs:

  ✓ it is there
  ! it works, but something else would be better; the line says what, and why
  ✗ an instance would not work, or not for long; the line says what to do

The registry has 10 seconds to answer, or UNDERSTUDY_CONNECT_TIMEOUT if that is
shorter.`,
		Example: `  understudy check
  understudy check --json | jq -r '.findings[] | select(.mark == "error") | .detail'`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			defer signals.IgnorePipe()()
			return check(c, asJSON, code)
		},
	}
	addJSONFlag(c, &asJSON)
	addPlaceFlags(c)
	return c
}

// checkResult is what check found.
type checkResult struct {
	OK       bool              `json:"ok"`
	Registry string            `json:"registry,omitempty"` // without secrets
	Findings []finding.Finding `json:"findings"`
}

func check(c *cobra.Command, asJSON bool, code *int) error {
	conf, warnings, err := loadConfig(c)
	r := checkResult{Findings: checkConfig(conf, warnings, err)}
	if err == nil {
		r.Registry = conf.Registry.String()
		r.Findings = append(r.Findings, checkJobs(conf)...)
		r.Findings = append(r.Findings, checkGuard(c.Context(), conf)...)
		say := func(text string) { fmt.Fprintf(c.ErrOrStderr(), "understudy: %s\n", text) }
		over := logging.Slow(say, "waiting for an answer from "+r.Registry)
		r.Findings = append(r.Findings, openregistry.Check(c.Context(), conf)...)
		over()
	}
	for i, f := range r.Findings { // they may contain text of a record
		r.Findings[i].Detail, r.Findings[i].Cure = status.Escape(status.Plain(f.Detail)), status.Escape(f.Cure)
	}
	*code = r.grade()
	return unlessGone(r.write(c.OutOrStdout(), asJSON))
}

// checkConfig returns the findings about the configuration.
func checkConfig(conf config.Config, warnings []string, err error) (list []finding.Finding) {
	const name = "configuration"
	wrong, mistakes := errors.AsType[*config.Error](err)
	switch {
	case mistakes:
		for _, m := range wrong.Mistakes {
			list = append(list, finding.Finding{Name: name, Mark: finding.MarkError, Detail: m, Err: err})
		}
	case err != nil:
		list = append(list, finding.Error(name, err, ""))
	default:
		t := conf.Timing
		list = append(list, finding.OK(name,
			"group %s, a beat every %v, an orphan after %v, a stop grace of %v", conf.Group, t.Interval, t.OrphanAfter, t.StopGrace))
	}
	if err == nil {
		if err := instance.CheckHook(conf); err != nil {
			list[0] = finding.Error(name, err, "")
		}
	}
	for _, w := range warnings {
		list = append(list, finding.Warning(name, w, ""))
	}
	return list
}

// checkJobs returns the findings about the jobs file, if there is one.
func checkJobs(conf config.Config) (list []finding.Finding) {
	const name = "jobs file"
	text, err := instance.CheckJobs(conf)
	problems, wrong := errors.AsType[jobfile.Problems](err)
	switch {
	case wrong:
		for _, p := range problems {
			line, _, _ := strings.Cut(p.String(), "\n") // without the line of the file
			list = append(list, finding.Finding{Name: name, Mark: finding.MarkError, Detail: line, Err: err})
		}
	case err != nil:
		list = append(list, finding.Error(name, err, ""))
	case text != "":
		list = append(list, finding.OK(name, "%s: %s", conf.Jobs, text))
	}
	return list
}

// checkGuard starts the process that makes a command stop, and ends it. It returns the
// findings about that, and about what keeps a command's processes together.
func checkGuard(ctx context.Context, conf config.Config) []finding.Finding {
	const name, isolation = "guard", "isolation"
	begun := time.Now()
	effect, err := instance.CheckGuard(ctx, conf)
	switch {
	case errors.Is(err, worker.ErrIsolation):
		return []finding.Finding{finding.Error(isolation, err, "")}
	case err != nil:
		return []finding.Finding{finding.Error(name, fmt.Errorf("nothing would end a command in time: %w", err), "")}
	}
	return []finding.Finding{
		finding.OK(name, "the process that ends a command started within %v", time.Since(begun).Round(time.Millisecond)),
		finding.OK(isolation, "%s=%s: in effect is %s", config.EnvIsolation, conf.Isolation, effect),
	}
}

// grade sets OK and returns the exit code, by the worst that was found.
func (r *checkResult) grade() int {
	r.OK = true
	code := exitcode.OK
	for _, f := range r.Findings {
		switch {
		case f.Mark != finding.MarkError:
			continue
		case misconfigured(f.Err):
			code = exitcode.Config
		case openregistry.Unreachable(f):
			code = exitcode.Unavailable
		case r.OK:
			code = exitcode.Failure
		}
		r.OK = false
	}
	return code
}

// marks are the signs with which findings begin.
var marks = map[finding.Mark]terminal.Span{
	finding.MarkOK:      terminal.Good.Of("✓"),
	finding.MarkWarning: terminal.Late.Of("!"),
	finding.MarkError:   terminal.Bad.Of("✗"),
}

func (r checkResult) write(out io.Writer, asJSON bool) error {
	if asJSON {
		return writeJSON(out, r)
	}
	var rows [][]terminal.Span
	for _, f := range r.Findings {
		text := f.Detail
		if f.Cure != "" {
			text += ": " + f.Cure
		}
		rows = append(rows, []terminal.Span{marks[f.Mark], terminal.Text(f.Name), terminal.Text(text)})
	}
	return writeLines(out, terminal.Table(rows))
}
