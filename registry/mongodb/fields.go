package mongodb

import (
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/mongofields"
)

// fields reads a stored instance or term.
type fields struct{ mongofields.Fields }

func fieldsOf(raw bson.Raw) fields { return fields{mongofields.Fields{Raw: raw}} }

// schema returns the version of a record.
func (f fields) schema() (int, error) {
	n, ok := f.Schema()
	if !ok {
		return 0, f.corrupt("schema", "a whole number")
	}
	return n, nil
}

// corrupt returns the error of a field that makes no sense. It names the record.
func (f fields) corrupt(field, want string) error {
	record := "a record"
	if id, ok := f.ID("_id"); ok {
		record = "instance " + id.String()
	} else if group, number, err := key(f.Raw.Lookup("_id")); err == nil {
		record = fmt.Sprintf("term %d of group %.64q", number, group)
	} else if id := f.Raw.Lookup("_id"); id.Type != 0 {
		record = "a record whose _id is " + mongofields.Describe(id)
	}
	return mongofields.Corrupt(record, field, f.Raw.Lookup(field), want)
}
