package scheduler

import (
	"testing"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

// The digest of what the file says is saved for people. Slots do not depend on it.
func TestRecord_HasTheDigestOfTheFile(t *testing.T) {
	d := jobs.Definition{Name: "j", Schedules: []string{"1 10 * * *"}}
	r := newRig(t, 2, d)
	digested := func(digest string, list ...jobs.Definition) redefined {
		file := r.file(list...)
		for i := range file {
			file[i].Digest = digest
		}
		return redefined{file}
	}
	check := func(want string) store.Job {
		t.Helper()
		j := r.store.jobs["j"]
		if j.Digest != want {
			t.Errorf("the digest is %q, want %q", j.Digest, want)
		}
		return j
	}
	r.do(digested("one", d))
	r.begin()
	first := check("one")
	r.until("10:02:00")
	if again := check("one"); again.Revision != first.Revision+1 || r.stored("j", "10:01:00") != "processing" {
		t.Errorf("the record was saved %d times for one slot", again.Revision-first.Revision)
	}
	before := check("one")
	r.do(digested("two", d))
	after := check("two")
	if !after.Mark.Equal(before.Mark) || !after.Since.Equal(before.Since) || after.Hash != before.Hash {
		t.Errorf("with another digest the record is %+v, and was %+v", after, before)
	}
	r.do(digested("two", d))
	if again := check("two"); again.Revision != after.Revision {
		t.Error("the record was saved again, and nothing has changed")
	}
	r.fails[kindSave] = errSim
	r.do(digested("three", d))
	check("two")
	delete(r.fails, kindSave)
	r.until("10:02:30")
	check("three")
	r.do(redefined{}) // it is not in the file any more
	if j := check("three"); !j.Gone {
		t.Error("the job is not gone")
	}
}
