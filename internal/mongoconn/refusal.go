package mongoconn

import (
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
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

// Refusal says who refused a call on a collection, and what to do about it; empty
// if the error is no refusal.
func (c *Conn) Refusal(of *mongo.Collection, err error) string {
	place := of.Database().Name() + "." + of.Name()
	const elsewhere = ", or name another database"
	switch {
	case err == nil:
		return ""
	case duplicate(err):
		return fmt.Sprintf("the unique index %s of %s has a record of the same key already: remove the index%s", duplicateIndex(err), place, elsewhere)
	case Unauthorized(err) && c.User() == "":
		return fmt.Sprintf("the server wants a user name and a password for %s: put them into the URI", place)
	case Unauthorized(err):
		return fmt.Sprintf("%s is not allowed to do this in %s: grant it the role readWrite in the database %s", c.User(), place, of.Database().Name())
	case Unauthenticated(err):
		return fmt.Sprintf("the server does not accept the name and the password of %s: %v", c.User(), Terse(err))
	case Invalid(err):
		return fmt.Sprintf("the validator of %s refuses this record%s: remove the validator%s", place, violation(err), elsewhere)
	case OnView(err):
		return fmt.Sprintf("%s is a view, want a collection: remove the view%s", place, elsewhere)
	case HasCode(err, otherRefusals...):
		return fmt.Sprintf("%s does not allow this call: %v", place, Terse(err))
	}
	return ""
}

// answer returns the server's answer within an error; nil if there is none.
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

// violation returns the part of a validator that refused a record, for people; empty
// if the server does not say it.
func violation(err error) string {
	details, ok := answer(err).Lookup("errInfo", "details").DocumentOK()
	if !ok {
		return ""
	}
	return fmt.Sprintf(" (%.200s)", details)
}
