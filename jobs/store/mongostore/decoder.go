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
