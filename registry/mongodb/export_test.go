package mongodb

// DatabaseOf is the database that a URI names.
func DatabaseOf(uri string) string { return dissect(uri).database }

// UnknownOptions are those of a URI that the driver ignores.
var UnknownOptions = unknownOptions
