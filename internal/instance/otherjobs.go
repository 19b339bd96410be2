package instance

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/jobs/jobfile"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

const (
	compareAfter = 30 * time.Second // from the read of a jobs file: in a rolling update others follow soon
	compareTime  = 10 * time.Second // for the read of the records
	namedJobs    = 10               // how many jobs a line of the log names
)

// compare logs what the active instance runs otherwise than a jobs file of this instance
// says. It does so once, some time after the file was read, and only while this instance is
// passive. It returns when that is done, or when ctx ends.
func (r *jobRunner) compare(ctx context.Context, f jobfile.File, active func() bool) {
	select {
	case <-time.After(compareAfter + rand.N(compareAfter)):
	case <-ctx.Done():
		return
	}
	ctx, cancel := context.WithTimeout(ctx, compareTime)
	defer cancel()
	list, err := r.registry.Jobs().Jobs(ctx, r.conf.Group)
	if err != nil && !registry.Unreadable(err) || active() {
		return
	}
	if text := differences(f, list); text != "" {
		r.log.Warn().Msg("the jobs file of the active instance is another one, and counts: " + text)
	}
}

// differences says in which jobs a file differs from the records, which come from the file
// of the active instance. It is empty if there is none.
func differences(f jobfile.File, list []store.Job) string {
	theirs := map[string]string{}
	for _, j := range list {
		if !j.Gone {
			theirs[j.Name] = j.Digest
		}
	}
	if len(theirs) == 0 {
		return "" // no active instance has run jobs yet
	}
	var other, missing []string
	for _, j := range f.Jobs {
		digest, ok := theirs[j.Name]
		delete(theirs, j.Name)
		switch {
		case !ok:
			missing = append(missing, j.Name)
		case digest != j.Digest():
			other = append(other, j.Name)
		}
	}
	var parts []string
	add := func(names []string, what string) {
		if len(names) > 0 {
			parts = append(parts, fmt.Sprintf(what, enumerate(names)))
		}
	}
	add(other, "it says something else about %s")
	add(missing, "it does not have %s")
	var more []string
	for name := range theirs {
		more = append(more, name)
	}
	slices.Sort(more)
	add(more, "only it has %s")
	return strings.Join(parts, "; ")
}

// enumerate lists the names of some jobs.
func enumerate(names []string) string {
	if more := len(names) - namedJobs; more > 0 {
		return strings.Join(names[:namedJobs], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

// warnOfJobs logs that the group has jobs which this instance does not run, although it is
// the active one. It is called when an instance without a jobs file becomes active.
func warnOfJobs(s store.Store, group string, log zerolog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), compareTime)
	defer cancel()
	list, err := s.Jobs(ctx, group)
	if err != nil && !registry.Unreadable(err) {
		log.Debug().Err(err).Msg("cannot read whether the group has jobs")
		return
	}
	var names []string
	for _, j := range list {
		if !j.Gone {
			names = append(names, j.Name)
		}
	}
	if len(names) > 0 {
		log.Warn().Msgf("this group has %s (%s) that nobody runs now: this instance is active, and was started without a jobs file (--jobs or UNDERSTUDY_JOBS)",
			countJobs(len(names)), enumerate(names))
	}
}
