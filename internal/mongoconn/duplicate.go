package mongoconn

import (
	"errors"
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/v2/mongo"
)

// duplicate reports whether the server said that a key exists, without a
// write-concern error beside it, which would leave that open.
func duplicate(err error) bool {
	var write mongo.WriteException
	if errors.As(err, &write) && write.WriteConcernError != nil {
		return false
	}
	return mongo.IsDuplicateKeyError(err)
}

// DuplicateID reports whether a record with this _id exists for certain. A duplicate of
// another unique index is none. A server that does not name the index means that of the
// _id: it is the one that every collection has.
func DuplicateID(err error) bool {
	if !duplicate(err) {
		return false
	}
	if names := keyNames(err); names != nil {
		return len(names) == 1 && names[0] == "_id"
	}
	name := indexName(err)
	return name == "" || name == "_id_" || strings.HasSuffix(name, ".$_id_")
}

// Collated reports whether the server compared a duplicate key by the rules of a
// language, in which different keys may be the same.
func Collated(err error) bool {
	_, rest, _ := strings.Cut(err.Error(), " index: ")
	head, _, _ := strings.Cut(rest, " dup key: ")
	return strings.Contains(head, " collation: ")
}

// duplicateIndex names the index of a duplicate key, for people.
func duplicateIndex(err error) string {
	text := fmt.Sprintf("%.64q", indexName(err))
	if names := keyNames(err); names != nil {
		text += fmt.Sprintf(" (%.128s)", strings.Join(names, ", "))
	}
	return text
}

// keyNames returns the fields of the index that has the key already; nil if the
// server does not name them.
func keyNames(err error) (names []string) {
	pattern, _ := answer(err).Lookup("keyPattern").DocumentOK()
	elements, _ := pattern.Elements()
	for _, e := range elements {
		names = append(names, e.Key())
	}
	return names
}

// indexName returns what the server's message calls the index; empty if it does not
// name it.
func indexName(err error) string {
	_, rest, _ := strings.Cut(err.Error(), " index: ")
	name, _, _ := strings.Cut(rest, " dup key: ")
	name, _, _ = strings.Cut(name, " collation: ")
	return name
}
