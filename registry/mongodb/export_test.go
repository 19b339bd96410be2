package mongodb

import "go.mongodb.org/mongo-driver/v2/mongo/options"

// DatabaseOf is the database that a URI names.
func DatabaseOf(uri string) string { return dissect(uri).database }

// UnknownOptions are those of a URI that the driver ignores.
var UnknownOptions = unknownOptions

// Advice is what to do about an error of connecting.
func Advice(err error, o *options.ClientOptions) string {
	t := dissect("mongodb://a.invalid/")
	t.options = o
	t.failure.Store(&failure{"a.invalid:27017", err})
	return t.unreachable("open", err).Error()
}
