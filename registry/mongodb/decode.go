package mongodb

import (
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/mongofields"
	"github.com/understudy-go/understudy/registry"
)

// decodeInstance is lenient with the fields on which no decision rests: one of them
// that makes no sense is zero.
func decodeInstance(raw bson.Raw) (in registry.Instance, err error) {
	f := fieldsOf(raw)
	if in.Schema, err = f.schema(); err != nil {
		return in, err
	}
	in.ID, _ = f.ID("_id")
	if in.Schema > registry.Schema {
		return in, in.Check()
	}
	var ok bool
	if in.ID, ok = f.ID("_id"); !ok {
		return in, f.corrupt("_id", "a UUID")
	}
	if in.Group, ok = f.Text("group"); !ok {
		return in, f.corrupt("group", "a text")
	}
	if in.Beat, ok = f.Integer("beat"); !ok {
		return in, f.corrupt("beat", "a whole number")
	}
	if in.Heartbeat, ok = f.Date("heartbeat"); !ok {
		return in, f.corrupt("heartbeat", "a date")
	}
	in.Host, _ = f.Text("host")
	in.PID = f.Small("pid")
	in.Version, _ = f.Text("version")
	in.StartedAt, _ = f.Date("startedAt")
	role, _ := f.Text("role")
	in.Role = registry.Role(role)
	in.Term, _ = f.Integer("term")
	in.Candidate, _ = f.Flag("candidate")
	in.Listen, _ = f.Integer("listen")
	in.Interval = f.Span("interval")
	in.OrphanAfter = f.Span("orphanAfter")
	in.Priority = f.Small("priority")
	in.Command, _ = f.Text("command")
	return in, in.Check()
}

// decodeTerm is lenient with the fields that are for people alone.
func decodeTerm(raw bson.Raw) (t registry.Term, err error) {
	f := fieldsOf(raw)
	if t.Schema, err = f.schema(); err != nil {
		return t, err
	}
	var ok bool
	var wrong error
	t.Group, t.Number, wrong = key(raw.Lookup("_id"))
	if t.Schema > registry.Schema {
		return t, t.Check()
	}
	if wrong != nil {
		return t, wrong
	}
	if t.Holder, ok = f.ID("holder"); !ok {
		return t, f.corrupt("holder", "a UUID")
	}
	if t.StartedAt, ok = f.Date("startedAt"); !ok {
		return t, f.corrupt("startedAt", "a date")
	}
	// For the server a term that has Go's zero time as its end has ended; for
	// [registry.Term.Open] it has not.
	if t.EndedAt, ok = f.Date("endedAt"); f.Present("endedAt") && (!ok || t.EndedAt.IsZero()) {
		return t, f.corrupt("endedAt", "a date")
	}
	t.Host, _ = f.Text("host")
	t.OrphanAfter = f.Span("orphanAfter")
	if !t.Open() {
		reason, _ := f.Text("reason")
		t.End = registry.End{Reason: registry.Reason(reason), ExitCode: f.Small("exitCode"), Silence: f.Span("silence")}
		t.End.Next, _ = f.ID("next")
	}
	if at, ok := f.Date("handoverAt"); ok {
		if to, ok := f.ID("handoverTo"); ok {
			t.Handover = &registry.Handover{To: to, At: at}
		}
	}
	return t, t.Check()
}

// key decodes the _id of a term, which must have just these two fields in this order.
func key(id bson.RawValue) (group string, number int64, err error) {
	doc, ok := id.DocumentOK()
	if !ok {
		return "", 0, mongofields.Corrupt("a term", "_id", id, "{group: TEXT, term: NUMBER}")
	}
	elements, err := doc.Elements()
	var names []string
	for _, e := range elements {
		names = append(names, e.Key())
	}
	if err != nil || !slices.Equal(names, []string{"group", "term"}) {
		return "", 0, fmt.Errorf("%w: a term's _id has the fields %.128q, want group and term, in this order", registry.ErrCorrupt, names)
	}
	if group, ok = mongofields.Text(elements[0].Value()); !ok {
		return "", 0, mongofields.Corrupt("a term", "_id.group", elements[0].Value(), "a text")
	}
	if number, ok = mongofields.Integer(elements[1].Value()); !ok {
		return group, 0, mongofields.Corrupt(fmt.Sprintf("a term of group %.64q", group), "_id.term", elements[1].Value(), "a whole number")
	}
	return group, number, nil
}
