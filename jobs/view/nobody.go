package view

import (
	"fmt"

	"github.com/understudy-go/understudy/status"
)

// WhyNobody returns why nobody would start a run of a job at present. It is empty if the
// active instance would. Term is that of the job's record.
func WhyNobody(g status.Group, term int64) string {
	in, ok := g.Active()
	switch {
	case !ok || in.Silent:
		return fmt.Sprintf("no instance is active in group %s, so the run waits: %s", g.Name, g.Health)
	case g.Term > term:
		return fmt.Sprintf("%s is active, and has not taken the jobs of term %d over: if it runs without --jobs, the run waits", status.Name(in.Host, in.ID), term)
	}
	return ""
}
