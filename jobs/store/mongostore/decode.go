package mongostore

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/mongofields"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// decodeRun is lenient with the fields that are for people alone: one of them that makes
// no sense is zero.
func decodeRun(raw bson.Raw) (r store.Run, err error) {
	d := &decoder{fields: fields{Raw: raw}, kind: "run"}
	if err := d.schema(&r.Schema); err != nil {
		return r, err
	}
	names, wrong := d.key("group", "job", "run")
	r.Key = store.Key{Group: names[0], Job: names[1], Run: names[2]}
	if r.Schema > store.Schema {
		return r, r.Check()
	}
	if wrong != nil {
		return r, wrong
	}
	r.State = store.State(d.text("state"))
	r.Open = d.flag("open")
	r.Slot, r.At, r.Due, r.EndedAt = d.date("slot"), d.date("at"), d.date("due"), d.date("endedAt")
	r.Priority = d.number("priority", minInt)
	r.Payload = d.digest("payload")
	r.Term = d.term("term")
	r.Instance, r.Nonce = d.id("instance"), d.id("nonce")
	r.Attempt, r.Failures, r.Interruptions = d.number("attempt", 0), d.number("failures", 0), d.number("interruptions", 0)
	r.Cancel = requestOf(raw.Lookup("cancel"))
	r.Attempts = d.attempts("attempts")
	d.fail(r.Open == (raw.Lookup(listed).Type != 0), listed, fmt.Sprintf("%v, as open is", r.Open))
	if d.err != nil {
		return r, d.err
	}
	f := d.fields
	trigger, _ := f.Text("trigger")
	r.Trigger = store.Trigger(trigger)
	r.By, _ = f.Text("by")
	r.Parent, _ = mongofields.Name(raw.Lookup("parent"), store.MaxParent)
	r.Remark, _ = f.Text("remark")
	if p, ok := f.Raw.Lookup("progress").DocumentOK(); ok {
		f := fields{Raw: p}
		r.Progress.Text, _ = f.Text("text")
		r.Progress.At, _ = f.Date("at")
		r.Progress.Percent = f.Small("percent")
		r.Progress = r.Progress.Stored()
	}
	r.Result = bytesOf(f, "result", store.MaxResult)
	if o, ok := f.Raw.Lookup("output").DocumentOK(); ok {
		f := fields{Raw: o}
		r.Output.Head, r.Output.Tail = bytesOf(f, "head", store.MaxHead), bytesOf(f, "tail", store.MaxTail)
		n, _ := f.Integer("bytes")
		r.Output.Bytes = max(n, 0)
	}
	return r, r.Check()
}

// attempts decodes the last attempts of a run.
func (d *decoder) attempts(field string) (list []store.Attempt) {
	array, ok := d.Raw.Lookup(field).ArrayOK()
	if d.fail(ok, field, "a list"); !ok {
		return nil
	}
	values, _ := array.Values()
	for _, v := range values[max(0, len(values)-store.MaxAttempts):] {
		raw, ok := v.DocumentOK()
		if !ok {
			continue
		}
		f := fields{Raw: raw}
		a := store.Attempt{Number: f.Small("number"), ExitCode: f.Small("exitCode")}
		a.Instance, _ = f.ID("instance")
		a.Host, _ = f.Text("host")
		a.Term, _ = f.Integer("term")
		a.From, _ = f.Date("from")
		a.To, _ = f.Date("to")
		end, _ := f.Text("end")
		a.End = store.AttemptEnd(end)
		list = append(list, a.Stored())
	}
	return list
}

// decodeJob is lenient with what is for people alone.
func decodeJob(raw bson.Raw) (j store.Job, err error) {
	d := &decoder{fields: fields{Raw: raw}, kind: "job"}
	if err := d.schema(&j.Schema); err != nil {
		return j, err
	}
	names, wrong := d.key("group", "job")
	j.Group, j.Name = names[0], names[1]
	if j.Schema > store.Schema {
		return j, j.Check()
	}
	if wrong != nil {
		return j, wrong
	}
	j.Mark, j.Since, j.Resumed = d.date("mark"), d.date("since"), d.date("resumed")
	j.Hash = d.text("hash")
	j.Term = d.term("term")
	revision, ok := whole(raw.Lookup("revision"))
	d.fail(ok, "revision", wantWhole)
	j.Revision = revision
	j.Paused = requestOf(raw.Lookup("paused"))
	if d.err != nil {
		return j, d.err
	}
	f := d.fields
	j.Gone, _ = f.Flag("gone")
	j.Next, _ = f.Date("next")
	j.Next = store.Instant(j.Next)
	j.Digest, _ = f.Text("digest")
	j.Schedule, _ = f.Text("schedule")
	j.Zone, _ = f.Text("zone")
	j.Description, _ = f.Text("description")
	return j, j.Check()
}

type fields = mongofields.Fields

// decoder decodes the fields on which decisions rest. It keeps the error of the first
// that makes no sense.
type decoder struct {
	fields
	kind string // what the record is, for people
	name string // which one it is
	err  error
}

func (d *decoder) schema(n *int) error {
	v, ok := whole(d.Raw.Lookup("schema"))
	*n = int(min(v, maxInt))
	if !ok {
		if d.name == "" {
			_, _ = d.key()
		}
		return d.corrupt("schema", wantWhole)
	}
	return nil
}

// key decodes the texts of an _id, which must have just these fields in this order.
func (d *decoder) key(names ...string) (values [3]string, err error) {
	v := d.Raw.Lookup("_id")
	d.name = "whose _id is " + mongofields.Describe(v)
	doc, ok := v.DocumentOK()
	elements, err := doc.Elements()
	if !ok || err != nil {
		return values, d.corrupt("_id", fmt.Sprintf("a document of %q", names))
	}
	var found, parts []string
	for i, e := range elements[:min(len(elements), len(values))] {
		found = append(found, e.Key())
		if text, ok := mongofields.Name(e.Value(), store.MaxRunID); ok {
			values[i] = text
			parts = append(parts, text)
		}
	}
	d.name = fmt.Sprintf("%.200q", parts)
	if len(names) > 0 && (len(elements) != len(names) || len(parts) != len(names) || !slices.Equal(found, names)) {
		return values, fmt.Errorf("%w: a %s's _id has the fields %.128q, want the texts %q, in this order", registry.ErrCorrupt, d.kind, found, names)
	}
	return values, nil
}

func (d *decoder) corrupt(field, want string) error {
	return mongofields.Corrupt("a "+d.kind+" "+d.name, field, d.Raw.Lookup(field), want)
}

func (d *decoder) fail(ok bool, field, want string) {
	if !ok && d.err == nil {
		d.err = d.corrupt(field, want)
	}
}

func (d *decoder) text(field string) string {
	s, ok := d.Text(field)
	d.fail(ok, field, "a text")
	return s
}

func (d *decoder) flag(field string) bool {
	b, ok := d.Flag(field)
	d.fail(ok, field, "true or false")
	return b
}

// date is zero if it is absent.
func (d *decoder) date(field string) time.Time {
	t, ok := d.Date(field)
	t = store.Instant(t)
	d.fail(ok && !t.IsZero() || !d.Present(field), field, "a date after 1970 and before the year 10000")
	return t
}

// whole returns a whole number of the types that this program writes.
func whole(v bson.RawValue) (int64, bool) {
	if v.Type == bson.TypeDouble {
		return 0, false
	}
	return mongofields.Integer(v)
}

const wantWhole = "a whole number of the type int or long"

func (d *decoder) term(field string) int64 {
	n, ok := whole(d.Raw.Lookup(field))
	d.fail(ok && n <= registry.MaxTerm, field, wantWhole)
	return n
}

// number returns a number that an int of any machine has room for.
func (d *decoder) number(field string, least int64) int {
	n, ok := whole(d.Raw.Lookup(field))
	d.fail(ok && n >= least && n <= maxInt, field, wantWhole)
	return int(n)
}

func (d *decoder) id(field string) uuid.UUID {
	u, ok := d.ID(field)
	d.fail(ok || !d.Present(field), field, "a UUID")
	return u
}

func (d *decoder) digest(field string) (digest store.Digest) {
	b, ok := d.Bytes(field, len(digest))
	d.fail(ok && len(b) == len(digest) || !d.Present(field), field, "a SHA-256")
	copy(digest[:], b)
	return digest
}

// requestOf decodes what somebody asked for. Whatever is stored of it, it was asked for.
func requestOf(v bson.RawValue) *store.Request {
	if v.Type == 0 || v.Type == bson.TypeNull {
		return nil
	}
	doc, _ := v.DocumentOK()
	f := fields{Raw: doc}
	q := &store.Request{}
	q.By, _ = f.Text("by")
	q.Why, _ = f.Text("why")
	q.At, _ = f.Date("at")
	return q.Stored()
}

// bytesOf returns data for people; nil if there are none.
func bytesOf(f fields, key string, most int) []byte {
	b, _ := f.Bytes(key, most)
	if len(b) == 0 {
		return nil
	}
	return b
}
