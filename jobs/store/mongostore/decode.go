package mongostore

import (
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/mongofields"
	"github.com/understudy-go/understudy/jobs/store"
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
	r.RetriedBy, _ = f.Text("retriedBy")
	parent, _ := mongofields.Name(raw.Lookup("parent"), store.MaxParent)
	r.Parent = store.Parent(parent)
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
