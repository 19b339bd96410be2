// Package sqlitestore keeps the records of jobs and runs in the SQLite file of a registry.
//
// The tables are made by the first write, so a file in which no jobs were run stays as it
// is, and an older version of the program goes on with the file beside this one. Instants
// are in milliseconds, UUIDs are text, the attempts of a run are JSON.
//
// A write of the holder compares its term with the latest one of the group in its own
// transaction. What a claim, an end, a trigger or a request wrote is synced to the disk
// before the call returns. Progress and live output are not.
//
// Only what people ask for is announced to watches: each such write changes the group's
// record in the table asked. What a holder writes wakes nobody, neither those who watch
// the jobs nor those who watch the terms.
package sqlitestore
