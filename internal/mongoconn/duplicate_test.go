package mongoconn

import (
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongouri"
)

// duplicateError returns the error of a duplicate key as servers send it, of an index
// with the given keys; nil for a server that does not name them.
func duplicateError(t *testing.T, message string, keys bson.D) mongo.WriteException {
	t.Helper()
	answer := bson.D{{Key: "code", Value: 11000}}
	if keys != nil {
		answer = append(answer, bson.E{Key: "keyPattern", Value: keys})
	}
	raw, err := bson.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return mongo.WriteException{WriteErrors: mongo.WriteErrors{{Code: 11000, Message: message, Raw: raw}}}
}

func TestDuplicateID_IsTheIndexOfIDAlone(t *testing.T) {
	const of = "E11000 duplicate key error collection: app.terms index: "
	for _, tt := range []struct {
		name    string
		message string
		keys    bson.D
		want    bool
	}{
		{"the keys of _id", of + "_id_ dup key: { _id: 1 }", bson.D{{Key: "_id", Value: 1}}, true},
		{"the keys of another index", of + "email_1 dup key: { email: null }", bson.D{{Key: "email", Value: 1}}, false},
		{"the keys of _id and more", of + "a dup key: { _id: 1, b: 1 }", bson.D{{Key: "_id", Value: 1}, {Key: "b", Value: 1}}, false},
		{"the name of _id", of + "_id_ dup key: { _id: 1 }", nil, true},
		{"the name of _id with the collection", of + "app.terms.$_id_ dup key: { : 1 }", nil, true},
		{"the name of _id with a collation", of + `_id_ collation: { locale: "en" } dup key: { _id: 1 }`, nil, true},
		{"the name of another index", of + "email_1 dup key: { email: null }", nil, false},
		{"no name", "duplicate key", nil, true},
	} {
		err := duplicateError(t, tt.message, tt.keys)
		if got := DuplicateID(err); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
		if got, want := Collated(err), strings.Contains(tt.message, "collation"); got != want {
			t.Errorf("%s: collated is %v, want %v", tt.name, got, want)
		}
		err.WriteConcernError = &mongo.WriteConcernError{Code: 64}
		if DuplicateID(err) {
			t.Errorf("%s: true without a majority that has the record, want false", tt.name)
		}
	}
	if DuplicateID(mongo.CommandError{Code: 91}) {
		t.Error("an error that is no duplicate: true, want false")
	}
}

func TestRefusal_SaysWhoRefusedAndWhatToDo(t *testing.T) {
	client, err := mongo.Connect(options.Client().ApplyURI("mongodb://127.0.0.1:1/"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(t.Context()) })
	terms := client.Database("app").Collection("terms")
	stranger := &Conn{uri: mongouri.Parse("mongodb://h/"), options: options.Client()}
	known := &Conn{uri: mongouri.Parse("mongodb://me:pw@h/"), options: options.Client().SetAuth(options.Credential{Username: "me", Password: "pw", PasswordSet: true})}
	for _, tt := range []struct {
		c    *Conn
		err  error
		want []string // empty if the error is no refusal
	}{
		{known, nil, nil},
		{known, mongo.CommandError{Code: 91, Message: "shutdown in progress"}, nil},
		{known, mongo.WriteException{WriteConcernError: &mongo.WriteConcernError{Code: 64}}, nil},
		{known, duplicateError(t, "x index: email_1 dup key: {}", bson.D{{Key: "email", Value: 1}}), []string{`"email_1" (email)`, "app.terms", "remove the index"}},
		{known, mongo.CommandError{Code: 13}, []string{`the user "me"`, "app.terms", "readWrite in the database app"}},
		{stranger, mongo.CommandError{Code: 13}, []string{"a user name and a password", "the URI"}},
		{known, mongo.CommandError{Code: 18, Message: "no"}, []string{`the password of the user "me"`}},
		{known, mongo.CommandError{Code: 166}, []string{"app.terms is a view"}},
		{known, mongo.WriteException{WriteErrors: mongo.WriteErrors{{Code: 121}}}, []string{"the validator of app.terms"}},
		{known, mongo.CommandError{Code: 61, Message: "shard key"}, []string{"app.terms does not allow this call", "shard key"}},
	} {
		got := tt.c.Refusal(terms, tt.err)
		if (got != "") != (len(tt.want) > 0) {
			t.Errorf("%v: %q, want a refusal: %v", tt.err, got, len(tt.want) > 0)
		}
		for _, text := range tt.want {
			if !strings.Contains(got, text) {
				t.Errorf("%v: %q, want %q in it", tt.err, got, text)
			}
		}
	}
}
