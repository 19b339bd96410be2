package mongostore

import (
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/mongofields"
	"github.com/understudy-go/understudy/jobs/store"
)

// newRun returns the document of a run that is inserted. The run is one of [store.Run.Stored].
func newRun(r store.Run) bson.D {
	d := bson.D{
		{Key: "_id", Value: idOf(r.Key)}, {Key: "trigger", Value: r.Trigger}, {Key: "slot", Value: date(r.Slot)}, {Key: "at", Value: r.At},
		{Key: "priority", Value: int64(r.Priority)}, {Key: "by", Value: r.By}, {Key: "retriedBy", Value: r.RetriedBy}, {Key: "parent", Value: r.Parent}, {Key: "schema", Value: int64(store.Schema)},
	}
	if r.Payload != (store.Digest{}) {
		d = append(d, bson.E{Key: "payload", Value: r.Payload[:]})
	}
	d = append(d, decided(r)...)
	if r.Open {
		d = append(d, bson.E{Key: listed, Value: true})
	}
	return d
}

// listed is the field of the runs that are in the index of the open ones.
const listed = "listed"

// decided returns the fields of a run that [Store.Update] writes, but for listed.
func decided(r store.Run) bson.D {
	attempts := bson.A{}
	for _, a := range r.Attempts {
		attempts = append(attempts, bson.D{
			{Key: "number", Value: int64(a.Number)}, {Key: "instance", Value: id(a.Instance)}, {Key: "host", Value: a.Host}, {Key: "term", Value: a.Term},
			{Key: "from", Value: date(a.From)}, {Key: "to", Value: date(a.To)}, {Key: "end", Value: a.End}, {Key: "exitCode", Value: int64(a.ExitCode)},
		})
	}
	return bson.D{
		{Key: "state", Value: r.State}, {Key: "open", Value: r.Open}, {Key: "due", Value: date(r.Due)}, {Key: "term", Value: r.Term}, {Key: "instance", Value: id(r.Instance)},
		{Key: "attempt", Value: int64(r.Attempt)}, {Key: "nonce", Value: id(r.Nonce)}, {Key: "attempts", Value: attempts},
		{Key: "failures", Value: int64(r.Failures)}, {Key: "interruptions", Value: int64(r.Interruptions)}, {Key: "result", Value: data(r.Result)},
		{Key: "output", Value: bson.D{{Key: "head", Value: data(r.Output.Head)}, {Key: "tail", Value: data(r.Output.Tail)}, {Key: "bytes", Value: r.Output.Bytes}}},
		{Key: "remark", Value: r.Remark}, {Key: "endedAt", Value: date(r.EndedAt)},
	}
}

func progress(p store.Progress) bson.D {
	return bson.D{{Key: "percent", Value: int64(p.Percent)}, {Key: "text", Value: p.Text}, {Key: "at", Value: date(p.At)}}
}

func request(q store.Request) bson.D {
	return bson.D{{Key: "by", Value: q.By}, {Key: "why", Value: q.Why}, {Key: "at", Value: date(q.At)}}
}

// savedJob returns the fields of a job that [Store.SaveJobs] writes. The job is one of
// [store.Job.Stored].
func savedJob(j store.Job) bson.D {
	return bson.D{
		{Key: "mark", Value: date(j.Mark)}, {Key: "hash", Value: j.Hash}, {Key: "since", Value: date(j.Since)}, {Key: "digest", Value: j.Digest},
		{Key: "term", Value: j.Term}, {Key: "revision", Value: j.Revision},
		{Key: "schedule", Value: j.Schedule}, {Key: "zone", Value: j.Zone}, {Key: "description", Value: j.Description},
		{Key: "next", Value: date(j.Next)}, {Key: "gone", Value: j.Gone}, {Key: "schema", Value: int64(store.Schema)},
	}
}

// date returns an instant as it is stored. For the server null is no value.
func date(t time.Time) any {
	if t = store.Instant(t); t.IsZero() {
		return nil
	}
	return t
}

func id(u uuid.UUID) any {
	if u == uuid.Nil {
		return nil
	}
	return mongofields.Binary(u)
}

func data(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}
