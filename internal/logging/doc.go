// Package logging writes the log of the program, and everything else that it writes
// to standard error.
//
// Lines are for people where standard error is a terminal, and JSON elsewhere. Each
// line of an instance says who writes it: its instance, group, role and term.
//
// An instance must not wait for the reader of its log: while the reader stands still,
// the instance would miss its beats. So all lines go through a [Queue], which one
// goroutine writes out. The queue is our own because that of zerolog, the package
// diode, does not keep what we promise. When it is full it overwrites the oldest
// lines, which are those that say how the trouble began. Its Close waits for a reader
// without a limit, so a reader who stands still would keep the program from exiting.
// It cannot be flushed before an exit at once. And with a waiter instead of polling, a
// line that is put in just before its goroutine goes to sleep is not written until the
// next line comes.
package logging
