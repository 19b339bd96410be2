package jobs

import (
	"fmt"
	"strings"

	"github.com/understudy-go/understudy/internal/editdistance"
	"github.com/understudy-go/understudy/internal/wording"
	"github.com/understudy-go/understudy/jobs/store"
)

const (
	// maxCircles bounds how many circles are named, since there may be more than jobs.
	maxCircles = 20
	// maxSuggestions bounds for how many missing jobs a similar name is looked for, and among
	// how many names.
	maxSuggestions, maxSuggested = 20, 1000
)

// checkLinks returns what is wrong between the definitions: names that are there twice,
// jobs of Then that do not exist, and circles of them.
func checkLinks(list []Definition) (faults Faults) {
	index := make(map[string]int, len(list))
	var names []string
	for i, d := range list {
		if first, ok := index[d.Name]; ok && d.Name != "" {
			faults = append(faults, Fault{Index: i, Job: d.Name, Field: "name", Text: fmt.Sprintf("%s is there twice: it is also job %d", wording.Quote(d.Name), first+1)})
			continue
		}
		index[d.Name] = i
		names = append(names, d.Name)
	}
	missing := 0
	for i, d := range list {
		for n, t := range d.Then {
			if _, ok := index[t.Job]; ok || store.CheckJob(t.Job) != nil {
				continue
			}
			text := fmt.Sprintf("there is no job %s", wording.Quote(t.Job))
			if missing++; missing <= maxSuggestions && len(names) <= maxSuggested {
				if meant := editdistance.Closest(t.Job, names); meant != "" {
					text += fmt.Sprintf(": did you mean %s?", meant)
				}
			}
			faults = append(faults, Fault{Index: i, Job: d.Name, Field: fmt.Sprintf("then[%d].job", n), Text: text})
		}
	}
	c := circles{list: list, index: index, state: make([]byte, len(list))}
	for i := range list {
		c.visit(i)
	}
	return append(faults, c.faults...)
}

// circles looks for jobs that lead back to themselves by Then.
type circles struct {
	list   []Definition
	index  map[string]int
	state  []byte // of each job: 0 not seen, 1 on the path, 2 done
	path   []int
	faults Faults
}

func (c *circles) visit(i int) {
	if c.state[i] != 0 {
		return
	}
	c.state[i] = 1
	c.path = append(c.path, i)
	for n, t := range c.list[i].Then {
		to, ok := c.index[t.Job]
		switch {
		case !ok || len(c.faults) == maxCircles:
		case c.state[to] == 1:
			c.faults = append(c.faults, Fault{
				Index: i, Job: c.list[i].Name, Field: fmt.Sprintf("then[%d].job", n),
				Text: "it leads back to where it began: " + c.describe(to) + ": take one of them out",
			})
		default:
			c.visit(to)
		}
	}
	c.path = c.path[:len(c.path)-1]
	c.state[i] = 2
}

// describe names the jobs of the circle that begins at a job of the path.
func (c *circles) describe(begin int) string {
	const limit = 10
	var names []string
	for k := len(c.path) - 1; k >= 0; k-- {
		names = append(names, c.list[c.path[k]].Name)
		if c.path[k] == begin {
			break
		}
	}
	// names runs backwards, from the end of the circle to its begin.
	var b strings.Builder
	for k := len(names) - 1; k >= 0; k-- {
		if shown := len(names) - 1 - k; len(names) > limit && shown == limit-1 {
			fmt.Fprintf(&b, "… (%d more) → ", k)
			k = 0
		}
		b.WriteString(names[k] + " → ")
	}
	return b.String() + c.list[begin].Name
}
