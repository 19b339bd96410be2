package mongodb

import (
	"errors"
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/understudy-go/understudy/registry"
)

// Codes by which a server refuses a call by a rule of a collection.
const (
	codeDocumentValidationFailure = 121
	codeCommandNotSupportedOnView = 166
)

// otherRefusals are codes of calls that the server will refuse again.
var otherRefusals = []int{
	20,    // IllegalOperation, such as to delete from a capped collection
	61,    // ShardKeyNotFound: sharded by something else than _id
	73,    // InvalidNamespace
	115,   // CommandNotSupported
	238,   // NotImplemented
	10003, // CannotGrowDocumentInCappedNamespace
}

// refused says who refused what, if the server's answer to a call on the
// collection was a refusal, as [registry.ErrRefused].
func (r *Registry) refused(c *mongo.Collection, err error) error {
	place := c.Database().Name() + "." + c.Name()
	const elsewhere = ", or name another database"
	why := ""
	switch {
	case err == nil:
		return nil
	case duplicate(err):
		why = fmt.Sprintf("the unique index %s of %s has a record of the same key already: remove the index%s", duplicateOf(err), place, elsewhere)
	case hasCode(err, codeUnauthorized) && r.user == "":
		why = fmt.Sprintf("the server wants a user name and a password for %s: put them into the URI", place)
	case hasCode(err, codeUnauthorized):
		why = fmt.Sprintf("%s must not do this in %s: grant it the role readWrite in the database %s", r.user, place, c.Database().Name())
	case hasCode(err, unauthenticated...):
		why = fmt.Sprintf("the server does not take the name and the password of %s: %v", r.user, terse(err))
	case hasCode(err, codeDocumentValidationFailure):
		why = fmt.Sprintf("the validator of %s does not let this record pass%s: remove the validator%s", place, rule(err), elsewhere)
	case hasCode(err, codeCommandNotSupportedOnView):
		why = fmt.Sprintf("%s is a view, want a collection: remove the view%s", place, elsewhere)
	case hasCode(err, otherRefusals...):
		why = fmt.Sprintf("%s takes no such call: %v", place, terse(err))
	default:
		return err
	}
	return refusal{fmt.Sprintf("%v: %s", registry.ErrRefused, why), err}
}

// refusal is an ErrRefused whose text says what the server's would, in short.
type refusal struct {
	text string
	err  error
}

func (e refusal) Error() string   { return e.text }
func (e refusal) Unwrap() []error { return []error{registry.ErrRefused, e.err} }

// answer is the server's answer within an error; nil if there is none.
func answer(err error) bson.Raw {
	var (
		write   mongo.WriteException
		command mongo.CommandError
	)
	switch {
	case errors.As(err, &write) && len(write.WriteErrors) > 0:
		return write.WriteErrors[0].Raw
	case errors.As(err, &command):
		return command.Raw
	}
	return nil
}

// rule is which part of a validator did not let a record pass, or nothing.
func rule(err error) string {
	details, ok := answer(err).Lookup("errInfo", "details").DocumentOK()
	if !ok {
		return ""
	}
	return fmt.Sprintf(" (%.200s)", details)
}

// duplicate reports whether the server said, and stands by it, that a key
// exists. With a write-concern error beside it, it does not stand by it.
func duplicate(err error) bool {
	var write mongo.WriteException
	if errors.As(err, &write) && write.WriteConcernError != nil {
		return false
	}
	return mongo.IsDuplicateKeyError(err)
}

// duplicateID is duplicate for the key _id alone. A server that does not name
// the index means that one: it is the one that every collection has.
func duplicateID(err error) bool {
	if !duplicate(err) {
		return false
	}
	if names := keyNames(err); names != nil {
		return len(names) == 1 && names[0] == "_id"
	}
	name := indexName(err)
	return name == "" || name == "_id_" || strings.HasSuffix(name, ".$_id_")
}

// duplicateOf names the index of a duplicate key, for people.
func duplicateOf(err error) string {
	text := fmt.Sprintf("%.64q", indexName(err))
	if names := keyNames(err); names != nil {
		text += fmt.Sprintf(" (%.128s)", strings.Join(names, ", "))
	}
	return text
}

// keyNames are the fields of the index that a duplicate key is of; nil: the
// server does not say.
func keyNames(err error) (names []string) {
	pattern, _ := answer(err).Lookup("keyPattern").DocumentOK()
	elements, _ := pattern.Elements()
	for _, e := range elements {
		names = append(names, e.Key())
	}
	return names
}

// indexName is what the server's message calls the index, or nothing.
func indexName(err error) string {
	_, rest, _ := strings.Cut(err.Error(), " index: ")
	name, _, _ := strings.Cut(rest, " dup key: ")
	name, _, _ = strings.Cut(name, " collation: ")
	return name
}

// collated reports whether the server compared the duplicate key by the rules of
// a language, in which different keys may be the same.
func collated(err error) bool {
	_, rest, _ := strings.Cut(err.Error(), " index: ")
	head, _, _ := strings.Cut(rest, " dup key: ")
	return strings.Contains(head, " collation: ")
}
