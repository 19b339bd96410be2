// Package mongodb is a registry in a MongoDB database, for processes on many
// machines.
//
// It keeps two collections, instances and terms, and works on any server whose
// _id is unique: a replica set, a sharded cluster (shard, if at all, on _id), or
// a single server, which is polled because it has no change streams. Every write
// is acknowledged by a majority and journaled, every read comes from the primary
// and from what a majority has, whatever the URI asks for. Each call touches one
// document; there are no transactions. Names of groups are compared by their
// bytes, whatever collation a collection has.
//
// Exclusion rests on insertOne and the unique _id of a term alone. The driver
// repeats no call by itself, no read either: an answer that was lost is an error
// that is neither nil nor [registry.ErrTermTaken], and the caller reads again.
// What a server refuses by a right or by a rule of a collection, such as another
// unique index or a validator, is [registry.ErrRefused], and says so.
//
// Times are the server's ($currentDate), with one exception, see
// [Registry.BeginTerm].
package mongodb
