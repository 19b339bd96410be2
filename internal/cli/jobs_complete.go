package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/internal/pattern"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// completionTime bounds how long a shell waits for a registry.
const completionTime = 2 * time.Second

// safeRun matches the names of runs that mean nothing else to any shell.
var safeRun = pattern.Lazy(`^\w[\w.-]*/\w[\w:./@%+=,-]*$`)

// completeFrom completes the only argument of a command with what the store has, if the
// registry answers soon.
func completeFrom(choices func(ctx context.Context, s store.Asking, group, typed string) []string) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(c.Context(), completionTime)
		defer cancel()
		cl, err := openClient(ctx, c, registry.Look)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer cl.close()
		list := choices(ctx, cl.asking(), cl.conf.Group, typed)
		return slices.DeleteFunc(list, func(s string) bool { return !strings.HasPrefix(s, typed) }), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeJob completes the name of a job that is in the file of the active instance, and
// is as is wanted.
func completeJob(wanted func(store.Job) bool) cobra.CompletionFunc {
	return completeFrom(func(ctx context.Context, s store.Asking, group, _ string) (names []string) {
		list, _ := s.Jobs(ctx, group)
		for _, j := range list {
			if !j.Gone && (wanted == nil || wanted(j)) {
				names = append(names, j.Name)
			}
		}
		return names
	})
}

// completeRun completes the name of one of the latest runs, if it is as is wanted. A name
// is untrusted text: one that is no plain word stays out of the command line.
func completeRun(wanted func(store.Run) bool) cobra.CompletionFunc {
	return completeFrom(func(ctx context.Context, s store.Asking, group, typed string) (names []string) {
		f := store.Filter{Limit: 100}
		if job, _, ok := strings.Cut(typed, "/"); ok && store.CheckJob(job) == nil {
			f.Job = job
		}
		list, _ := s.Runs(ctx, group, f)
		for _, r := range list {
			if name := r.Key.String(); (wanted == nil || wanted(r)) && safeRun().MatchString(name) {
				names = append(names, name)
			}
		}
		return names
	})
}

// completeStates completes the last one of a list of states.
func completeStates(_ *cobra.Command, _ []string, typed string) (list []cobra.Completion, _ cobra.ShellCompDirective) {
	i := strings.LastIndexByte(typed, ',') + 1
	given := strings.Split(typed[:i], ",")
	for _, s := range store.States {
		if !slices.Contains(given, plainState(s)) {
			list = append(list, typed[:i]+plainState(s))
		}
	}
	return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveKeepOrder
}
