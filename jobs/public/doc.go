// Package public reads what everybody may see of a group's jobs who reaches an instance's
// page, without a token: which jobs there are, when they run, and how their runs ended.
//
// What the jobs themselves say may hold secrets, so it is left out: outputs, results,
// payloads, and the text of a run's progress. The shapes of this package list what is
// shown, so that a new field of a record is not shown by itself.
//
// Reads are shared among all clients, one at a time, with a time limit, and there are only
// so many in a while: see [Reader].
package public
