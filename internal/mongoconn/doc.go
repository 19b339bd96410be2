// Package mongoconn connects to MongoDB: it makes the driver's options from a URI,
// opens the connection, asks what the server is, and says of an error what it
// means and what to do about it. It knows nothing of instances and terms, which
// are the matter of registry/mongodb.
//
// Every write of a connection is acknowledged by a majority and journaled, every
// read comes from the primary and from what a majority has, and the driver repeats
// no call by itself, whatever the URI asks for. So an answer that was lost is an
// error, and who made the call reads again.
package mongoconn
