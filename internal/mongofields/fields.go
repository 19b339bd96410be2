// Package mongofields reads the fields of stored documents, which anybody may have
// written: each value's type is checked, texts are cut, and a value that makes no sense
// is described for people. registry/mongodb and jobs/store/mongostore use it.
package mongofields

import (
	"bytes"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/registry"
)

// Fields reads a stored document, which anybody may have written. Each method reports
// whether the field has a value of its type.
type Fields struct{ Raw bson.Raw }

// Text returns a text as the function Text does.
func (f Fields) Text(key string) (string, bool) { return Text(f.Raw.Lookup(key)) }

// Text returns a text as [registry.Clip] cuts it. A long text is not copied before it
// is cut.
func Text(v bson.RawValue) (string, bool) {
	text, ok := textOf(v)
	return registry.Clip(text), ok
}

// textOf returns the bytes of a text, which stand between their length and a zero.
func textOf(v bson.RawValue) ([]byte, bool) {
	const length = 4
	if v.Type != bson.TypeString || v.Validate() != nil || len(v.Value) <= length { // a length of 0 passes Validate
		return nil, false
	}
	return v.Value[length : len(v.Value)-1], true
}

// Name returns a text that names something, and that is of no use if it is cut.
func Name(v bson.RawValue, most int) (string, bool) {
	text, ok := textOf(v)
	if !ok || len(text) > most {
		return "", false
	}
	return string(text), true
}

// Bytes returns a copy of a binary value, unless it has more bytes than given.
func (f Fields) Bytes(key string, most int) ([]byte, bool) {
	subtype, data, ok := f.Raw.Lookup(key).BinaryOK()
	if !ok || subtype != bson.TypeBinaryGeneric || len(data) > most {
		return nil, false
	}
	return bytes.Clone(data), true
}

// Flag returns a truth value.
func (f Fields) Flag(key string) (bool, bool) { return f.Raw.Lookup(key).BooleanOK() }

// Integer returns a whole number as the function Integer does.
func (f Fields) Integer(key string) (int64, bool) { return Integer(f.Raw.Lookup(key)) }

// Integer accepts a whole number of any type: for the server, and so for the unique
// number of a term, they are all the same.
func Integer(v bson.RawValue) (int64, bool) {
	if n, ok := v.Int64OK(); ok {
		return n, true
	}
	if n, ok := v.Int32OK(); ok {
		return int64(n), true
	}
	n, ok := v.DoubleOK()
	if !ok || n != math.Trunc(n) || math.Abs(n) > 1<<53 {
		return 0, false
	}
	return int64(n), true
}

// Date returns a date, in UTC.
func (f Fields) Date(key string) (time.Time, bool) {
	ms, ok := f.Raw.Lookup(key).DateTimeOK()
	if !ok {
		return time.Time{}, false
	}
	return time.UnixMilli(ms).UTC(), true
}

// ID returns a UUID.
func (f Fields) ID(key string) (uuid.UUID, bool) {
	subtype, data, ok := f.Raw.Lookup(key).BinaryOK()
	if !ok || subtype != bson.TypeBinaryUUID || len(data) != len(uuid.UUID{}) {
		return uuid.Nil, false
	}
	return uuid.UUID(data), true
}

// Span returns a duration, which is stored in milliseconds; 0 if it makes no sense.
func (f Fields) Span(key string) time.Duration {
	const longest = 100 * 365 * 24 * time.Hour
	ms, ok := f.Integer(key)
	if !ok || ms < 0 || ms > longest.Milliseconds() {
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}

// Small returns a number that is for people; 0 if it is none.
func (f Fields) Small(key string) int {
	n, _ := f.Integer(key)
	return int(n)
}

// Schema returns the version of a record. It is read first, because a record of a newer
// version may differ in everything else.
func (f Fields) Schema() (int, bool) {
	n, ok := f.Integer("schema")
	return int(min(n, math.MaxInt32)), ok
}

// Present reports whether a field has a value. For the server null is none.
func (f Fields) Present(key string) bool {
	v := f.Raw.Lookup(key)
	return v.Type != 0 && v.Type != bson.TypeNull
}

// Corrupt returns the error of a value of a record that makes no sense.
func Corrupt(record, key string, v bson.RawValue, want string) error {
	return fmt.Errorf("%w: %s: %s is %s, want %s", registry.ErrCorrupt, record, key, Describe(v), want)
}

// Describe returns a value for people, or else its type.
func Describe(v bson.RawValue) string {
	if s, ok := Text(v); ok {
		return fmt.Sprintf("the text %.64q", s)
	}
	switch v.Type {
	case 0:
		return "missing"
	case bson.TypeInt32, bson.TypeInt64, bson.TypeDouble, bson.TypeBoolean, bson.TypeNull:
		var value any
		if v.Unmarshal(&value) == nil {
			if value == nil {
				return "null"
			}
			return fmt.Sprint(value)
		}
	}
	return "of type " + v.Type.String()
}

// Milliseconds rounds up: peers decide by what is stored, and must not be early.
func Milliseconds(d time.Duration) int64 {
	return (d + time.Millisecond - 1).Milliseconds()
}

// Binary returns a UUID as it is stored.
func Binary(id uuid.UUID) bson.Binary {
	return bson.Binary{Subtype: bson.TypeBinaryUUID, Data: id[:]}
}
