package storetest

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// The values that make a job's record unusable.
var vitalOfJob = []spoilt{
	{"mark", "noon", registry.ErrCorrupt},
	{"mark", int64(-5), registry.ErrCorrupt},
	{"mark", 2.5, registry.ErrCorrupt},
	{"hash", nil, registry.ErrCorrupt},
	{"hash", int64(7), registry.ErrCorrupt},
	{"since", "noon", registry.ErrCorrupt},
	{"resumed", "noon", registry.ErrCorrupt},
	{"resumed", int64(-5), registry.ErrCorrupt},
	{"resumed", 2.5, registry.ErrCorrupt},
	{"term", nil, registry.ErrCorrupt},
	{"term", "first", registry.ErrCorrupt},
	{"term", int64(0), registry.ErrCorrupt},
	{"term", 2.5, registry.ErrCorrupt},
	{"revision", nil, registry.ErrCorrupt},
	{"revision", "first", registry.ErrCorrupt},
	{"revision", int64(0), registry.ErrCorrupt},
	{"schema", nil, registry.ErrCorrupt},
	{"schema", "one", registry.ErrCorrupt},
	{"schema", int64(0), registry.ErrCorrupt},
	{"schema", int64(store.Schema + 1), registry.ErrSchema},
	{"schema", int64(math.MaxInt64), registry.ErrSchema},
}

// garbageJobs: a job whose record makes no sense is an error, and hides no other one.
func garbageJobs(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	b, other := s.Open(t), s.Open(t)
	next := holders(b, "garbage")

	t.Run("EachCallSaysSo", func(t *testing.T) {
		for _, bad := range vitalOfJob {
			t.Run(bad.String(), func(t *testing.T) {
				h := next(t)
				j, fine := saveJob(t, b, h, newJob(h, "bad")), saveJob(t, b, h, newJob(h, "fine"))
				s.Spoil(t, Record{Key: store.Key{Group: h.Group, Job: "bad"}}, bad.field, bad.value)
				for range 2 { // no call changes it
					j.Revision++
					suite.WantError(t, "SaveJobs", b.Jobs().SaveJobs(t.Context(), h, []store.Job{j}), bad.want)
					_, err := other.Jobs().Pause(t.Context(), h.Group, "bad", "me", "")
					suite.WantError(t, "Pause", err, bad.want)
					_, err = other.Jobs().Resume(t.Context(), h.Group, "bad")
					suite.WantError(t, "Resume", err, bad.want)
					for name, list := range map[string]func() ([]store.Job, error){
						"Jobs": func() ([]store.Job, error) { return other.Jobs().Jobs(t.Context(), h.Group) },
						"Seal": func() ([]store.Job, error) { return b.Jobs().Seal(t.Context(), h) },
					} {
						got, err := list()
						suite.WantError(t, name, err, bad.want)
						if diff := cmp.Diff([]store.Job{fine}, got); diff != "" {
							t.Errorf("%s (- want, + got):\n%s", name, diff)
						}
					}
					if bad.field == "mark" || errors.Is(bad.want, registry.ErrSchema) {
						_, err = b.Jobs().Prune(t.Context(), h, "bad", store.Prunable{Before: instant, FailedBefore: instant, Keep: 0}, 10)
						suite.WantError(t, "Prune", err, bad.want)
					}
				}
			})
		}
	})

	t.Run("WhereNoDecisionRestsOnItAFieldIsEmpty", func(t *testing.T) {
		h := next(t)
		j := saveJob(t, b, h, newJob(h, "report"))
		for _, field := range []string{"digest", "schedule", "zone", "description", "next", "gone"} {
			for _, value := range []any{nil, 2.5, []byte{1}} {
				s.Spoil(t, Record{Key: store.Key{Group: h.Group, Job: "report"}}, field, value)
				switch field {
				case "digest":
					j.Digest = ""
				case "schedule":
					j.Schedule = ""
				case "zone":
					j.Zone = ""
				case "description":
					j.Description = ""
				case "next":
					j.Next = time.Time{}
				case "gone":
					j.Gone = false
				}
				wantJob(t, other, j)
			}
		}
	})

	t.Run("APauseIsOneWhateverIsStoredOfIt", func(t *testing.T) {
		for _, value := range []any{"text", int64(-7), 2.5, []byte{1}} {
			h := next(t)
			j := saveJob(t, b, h, newJob(h, "report"))
			s.Spoil(t, Record{Key: store.Key{Group: h.Group, Job: "report"}}, "paused", value)
			j.Paused = &store.Request{}
			wantJob(t, other, j)
		}
	})

	t.Run("LongTextsAreCut", func(t *testing.T) {
		long := strings.Repeat("ö", 1<<20)
		h := next(t)
		j := saveJob(t, b, h, newJob(h, "report"))
		for _, field := range []string{"digest", "schedule", "zone", "description"} {
			s.Spoil(t, Record{Key: store.Key{Group: h.Group, Job: "report"}}, field, long)
		}
		j.Digest, j.Schedule, j.Zone, j.Description = registry.Clip(long), registry.Clip(long), registry.Clip(long), registry.Clip(long)
		wantJob(t, other, j)
	})
}
