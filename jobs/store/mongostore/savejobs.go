package mongostore

import (
	"cmp"
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/jobs/store"
)

// SaveJobs implements [store.Holding]. One unordered bulk of upserts writes all jobs: if
// there is a record that the filter of its job does not match, the unique _id refuses
// another one. Those that were refused are read in one call.
func (s *Store) SaveJobs(ctx context.Context, h store.Holder, jobs []store.Job) error {
	fail := func(err error) error { return wrap(ctx, "save jobs", err) }
	end, err := s.begin(ctx, s.mayHold)
	if err != nil {
		return fail(err)
	}
	defer end()
	if len(jobs) > store.MaxPage {
		return fail(fmt.Errorf("%w: %d jobs, want up to %d", store.ErrTooLarge, len(jobs), store.MaxPage))
	}
	if len(jobs) == 0 {
		return nil
	}
	writes := make([]mongo.WriteModel, len(jobs))
	for i, j := range jobs {
		j.Term = h.Term
		j, err := j.Stored()
		if err == nil && j.Group != h.Group {
			err = foreign(j.Group, h)
		}
		if err != nil {
			return fail(err)
		}
		before := bson.E{Key: "$or", Value: bson.A{
			bson.D{below(h.Term)},
			bson.D{{Key: "term", Value: h.Term}, {Key: "revision", Value: bson.D{{Key: "$lt", Value: j.Revision}}}},
		}}
		writes[i] = mongo.NewUpdateOneModel().SetUpsert(true).SetCollation(s.r.Simple).
			SetFilter(bson.D{{Key: "_id", Value: jobID{j.Group, j.Name}}, before, soundJob}).SetUpdate(set(savedJob(j)))
	}
	_, err = s.jobs.BulkWrite(ctx, writes, options.BulkWrite().SetOrdered(false))
	missed, err := duplicates(err)
	if err != nil {
		return fail(s.r.Refused(s.jobs, err))
	}
	if len(missed) == 0 {
		return nil
	}
	return fail(s.missed(ctx, h, jobs, missed))
}

// missed reads the records of the jobs that were not written, and says why they were not.
func (s *Store) missed(ctx context.Context, h store.Holder, jobs []store.Job, missed map[int]error) error {
	ids := bson.A{}
	for i := range missed {
		ids = append(ids, jobID{jobs[i].Group, jobs[i].Name})
	}
	found := map[string]bool{}
	var changed error
	var bad []error
	err := each(ctx, s.jobs, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}}, options.Find().SetCollation(s.r.Simple), func(raw bson.Raw) {
		names, _ := (&decoder{fields: fields{Raw: raw}, kind: "job"}).key("group", "job")
		found[names[1]] = true
		there, err := decodeJob(raw)
		err = cmp.Or(err, h.NoLaterJob(there))
		switch {
		case err != nil && len(bad) < maxBad:
			bad = append(bad, err)
		case err != nil:
		default:
			changed = fmt.Errorf("%w: job %s has term %d and revision %d", store.ErrChanged, there.Name, there.Term, there.Revision)
		}
	})
	if err != nil {
		return s.r.Refused(s.jobs, err)
	}
	for i, duplicate := range missed {
		if name := jobs[i].Name; !found[name] {
			if err := s.collated(ctx, s.jobs, jobID{h.Group, name}, duplicate); err != nil {
				return err
			}
			changed = fmt.Errorf("%w: job %s had a record for the write, and has none for the read after it", store.ErrChanged, name)
		}
	}
	return cmp.Or(changed, store.LeftOut(bad...))
}
