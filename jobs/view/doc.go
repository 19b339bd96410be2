// Package view has the shapes in which people and programs see jobs and runs as JSON:
// those of the HTTP API and of the commands with --json are the same.
//
// The names of the fields are those of package store, with two exceptions: what is a
// [store.State] there is the status here, and a zone is a timezone, because the options of
// the commands, the jobs file and the metrics have these words. Instants are in RFC 3339
// and UTC, durations in seconds. A field without a value is left out, a list never is: it
// is empty.
//
// Texts come from the registry, which is not trusted. In JSON they are escaped, and where
// they are printed they have to be made visible first.
package view
