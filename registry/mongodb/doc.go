// Package mongodb is a registry in a MongoDB database, for processes on many
// machines. internal/mongoconn makes its connection; this package has the records,
// the calls on them, the watch, and the check. The records of jobs are in the same
// database, and in package mongostore.
//
// The registry is two collections, instances and terms. It works on any server
// whose _id is unique: a replica set, a sharded cluster (if it is sharded at all,
// then on _id), or a single server, which is polled because it has no change
// streams. Every write is acknowledged by a majority and journaled, and every read
// comes from the primary and from what a majority has, whatever the URI asks for.
// Each call changes one document; there are no transactions. Names of groups are
// compared by their bytes, whatever collation a collection has.
//
// Exclusion rests on insertOne and the unique _id of a term alone. The driver
// repeats no call by itself, no read either. So an answer that was lost is an error
// that is neither nil nor [registry.ErrTermTaken], and the caller reads again. If a
// server refuses a call by a right, or by a rule of a collection such as another
// unique index or a validator, the error is [registry.ErrRefused] and names the rule.
//
// Times are the server's ($currentDate), with one exception, see
// [Registry.BeginTerm].
package mongodb
