package mongodb

import (
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/registry"
)

// fields reads a stored document, which anybody may have written. Each method reports
// whether the field has a value of its type.
type fields struct{ raw bson.Raw }

func (f fields) text(key string) (string, bool) { return text(f.raw.Lookup(key)) }

// text returns a text as [registry.Clip] cuts it. A long text is not copied before it
// is cut.
func text(v bson.RawValue) (string, bool) {
	const length = 4 // the bytes of the length, which comes before the text
	if v.Type != bson.TypeString || v.Validate() != nil {
		return "", false
	}
	return registry.Clip(v.Value[length : len(v.Value)-1]), true
}

func (f fields) flag(key string) (bool, bool) { return f.raw.Lookup(key).BooleanOK() }

func (f fields) integer(key string) (int64, bool) { return integer(f.raw.Lookup(key)) }

// integer accepts a whole number of any type: for the server, and so for the unique
// number of a term, they are all the same.
func integer(v bson.RawValue) (int64, bool) {
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

func (f fields) date(key string) (time.Time, bool) {
	ms, ok := f.raw.Lookup(key).DateTimeOK()
	if !ok {
		return time.Time{}, false
	}
	return time.UnixMilli(ms).UTC(), true
}

func (f fields) id(key string) (uuid.UUID, bool) {
	subtype, data, ok := f.raw.Lookup(key).BinaryOK()
	if !ok || subtype != bson.TypeBinaryUUID || len(data) != len(uuid.UUID{}) {
		return uuid.Nil, false
	}
	return uuid.UUID(data), true
}

// span returns a duration, which is stored in milliseconds; 0 if it makes no sense.
func (f fields) span(key string) time.Duration {
	const longest = 100 * 365 * 24 * time.Hour
	ms, ok := f.integer(key)
	if !ok || ms < 0 || ms > longest.Milliseconds() {
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}

// small returns a number that is for people; 0 if it is none.
func (f fields) small(key string) int {
	n, _ := f.integer(key)
	return int(n)
}

// schema returns the version of a record. It is read first, because a record of a newer
// version may differ in everything else.
func (f fields) schema() (int, error) {
	n, ok := f.integer("schema")
	if !ok {
		return 0, f.corrupt("schema", "a whole number")
	}
	return int(min(n, math.MaxInt32)), nil
}

// corrupt returns the error of a field that makes no sense. It names the record.
func (f fields) corrupt(field, want string) error {
	record := "a record"
	if id, ok := f.id("_id"); ok {
		record = "instance " + id.String()
	} else if group, number, err := key(f.raw.Lookup("_id")); err == nil {
		record = fmt.Sprintf("term %d of group %.64q", number, group)
	} else if id := f.raw.Lookup("_id"); id.Type != 0 {
		record = "a record whose _id is " + describe(id)
	}
	return corrupt(record, field, f.raw.Lookup(field), want)
}

func corrupt(record, key string, v bson.RawValue, want string) error {
	return fmt.Errorf("%w: %s: %s is %s, want %s", registry.ErrCorrupt, record, key, describe(v), want)
}

// describe returns a value for people, or else its type.
func describe(v bson.RawValue) string {
	if s, ok := text(v); ok {
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

// milliseconds rounds up: peers decide by what is stored, and must not be early.
func milliseconds(d time.Duration) int64 {
	return (d + time.Millisecond - 1).Milliseconds()
}

func binary(id uuid.UUID) bson.Binary {
	return bson.Binary{Subtype: bson.TypeBinaryUUID, Data: id[:]}
}
