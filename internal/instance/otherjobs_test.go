package instance

import (
	"testing"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/jobfile"
	"github.com/understudy-go/understudy/jobs/store"
)

func TestDifferences_NamesWhatTheActiveInstanceDoesOtherwise(t *testing.T) {
	job := func(name string) jobfile.Job {
		return jobfile.Job{Definition: jobs.Definition{Name: name}, Command: []string{"true"}}
	}
	record := func(j jobfile.Job) store.Job { return store.Job{Name: j.Name, Digest: j.Digest()} }
	other := job("b")
	other.Command = []string{"false"}
	gone := record(job("z"))
	gone.Gone = true
	own := jobfile.File{Jobs: []jobfile.Job{job("a"), job("b"), job("c")}}
	for _, tt := range []struct {
		name string
		list []store.Job
		want string
	}{
		{"nothing is known", nil, ""},
		{"no job is left", []store.Job{gone}, ""},
		{"the same", []store.Job{record(job("a")), record(job("b")), record(job("c")), gone}, ""},
		{"another", []store.Job{record(job("a")), record(other), record(job("d"))},
			"it says something else about b; it does not have c; only it has d"},
	} {
		if got := differences(own, tt.list); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
