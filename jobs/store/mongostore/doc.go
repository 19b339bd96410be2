// Package mongostore has the records of jobs and runs in MongoDB, beside the registry of
// registry/mongodb and over its connection.
//
// # Collections
//
// The collections are jobs, runs, blobs (payloads and checkpoints, because every update
// rewrites a document) and chunks (live output). Each call changes documents one by one;
// there are no transactions, and no index expires records. The index of the
// open runs has those with the field listed. It stays small, and it has the records in
// which the field open makes no sense as well. Two smaller ones have the waiting runs: by
// when they are due, and those that wait for another attempt.
//
// # Lost answers
//
// As with the registry, every write is acknowledged by a majority and journaled, every
// read comes from what a majority has, and the driver repeats no call by itself. So an
// answer that was lost is an error that leaves open whether the write was applied. Every
// call may be made again after it, and what it returns then tells what is so:
//
//   - [Store.Claim] and [Store.Update] return the record that is there. Its nonce, or its
//     state, attempt and term, say whose it is.
//   - [Store.SaveJobs] is ErrChanged if the first call was applied, because a record has
//     its revision already. The records tell whose they are, by their term and revision.
//   - [Store.Submit] returns the run that the first call made.
//   - [Store.Cancel] and [Store.Retry] are ErrState if the first call ended the run, or
//     made it wait.
//   - Of all others, a second call has the same effect as the first.
//
// A write that arrives late changes nothing, because its filter names the version on
// which it rests. Checkpoints and chunks are inserted beside a run, so whether it is still
// there is looked at after the insert.
package mongostore
