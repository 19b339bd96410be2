package store

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Store is the shared record of jobs and runs. A backend offers it beside its registry,
// in the same database. All methods may be called concurrently.
//
// What [registry.Registry] says of reads, of acknowledged writes, of contexts and of
// records that cannot be understood holds here as well. Where a method returns several
// records, those that cannot be understood are left out, and the errors of some of them
// are returned beside the others ([ErrLeftOut]). They do not count for a limit, but where
// there are thousands of them, a backend may give up and say so.
//
// Instants are precise to the millisecond, and what is more precise is cut off. Texts for
// people are cut to MaxRemark. An empty payload, result or checkpoint is none. The methods
// Stored say how a record is written. A limit is at most MaxPage; 0 or less returns none.
//
// [registry.Registry]: https://pkg.go.dev/github.com/understudy-go/understudy/registry#Registry
type Store interface {
	Holding
	Asking
}

// Holder is the active instance, under the term that fences its writes.
type Holder struct {
	Group    string
	Term     int64
	Instance uuid.UUID
}

// Holding is what only the active instance calls. Each method that writes returns
// ErrSuperseded if the backend knows that the holder's term is not the latest one, or
// is not open. A backend need not know it (MongoDB has no cheap way), so a write has to
// be safe without it: it names what it rests on.
//
// For Seal, SaveJobs, Open and Due, a record of a later term than the holder's is one that
// cannot be understood ([Holder.NoLaterJob], [Holder.NoLaterRun]). Either a later term has
// begun, which the instance learns of elsewhere, or the terms were lost, or somebody has
// written the record by hand: the other jobs must not suffer from it.
type Holding interface {
	// Seal takes the group's jobs and waiting runs over: it sets their term to that of
	// the holder, where it is lower, and the instance of those runs to that of the holder.
	// It returns all jobs of the group, in the order of their names.
	Seal(ctx context.Context, h Holder) ([]Job, error)

	// SaveJobs writes what the holder decides about jobs: all of their records but Paused
	// and Resumed. A job is written if it has no record, if its record has a lower term
	// than the holder's (the insert of an earlier term may arrive late), or the holder's
	// term and a lower revision. The term is the holder's, whatever the job says. A record
	// that cannot be understood is left as it is. The error is one of these, the first
	// that applies:
	//
	//   - ErrChanged: one was not written, and all others were. After an answer that was
	//     lost, it may be the first call that wrote it, so read the jobs again.
	//   - ErrLeftOut: there are records that cannot be understood. All others were written.
	//
	// After any other error, some may have been written. More than MaxPage jobs are
	// ErrTooLarge.
	SaveJobs(ctx context.Context, h Holder, jobs []Job) error

	// Claim inserts runs under the holder's term, each of which gets the holder's
	// instance: processing ones, whose attempt may begin once Claim has returned, waiting
	// ones, and ended ones. It returns, for each of them, the record that is there if a
	// run of this key existed, and nil if it was inserted. Of a record that is there and
	// cannot be understood it returns the key alone, and its error beside the list
	// ([ErrLeftOut]). With any other error the list is nil, and unless it is
	// ErrSuperseded some may have been inserted: Claim them again, and those are returned
	// with the same nonce. A claimed run has no payload. More than MaxPage runs are
	// ErrTooLarge: a long write locks others out.
	Claim(ctx context.Context, h Holder, runs []Run) ([]*Run, error)

	// Update writes all that a holder decides about a run, if its record still is of the
	// version was: State, Open, Attempt, Nonce, Attempts, Failures, Interruptions, Due,
	// Result, Output, Remark and EndedAt, besides Term and Instance, which become those of
	// the holder. Then it returns nil. Otherwise it returns the record that is there, and
	// ErrChanged; ErrNoRun if there is none, and ErrLeftOut if it cannot be understood. A run
	// whose record has a higher term than the
	// holder's is ErrChanged, whatever was says. A run that is updated keeps its progress
	// and the request to cancel it; with another attempt than before it has no progress.
	Update(ctx context.Context, h Holder, was Version, r Run) (*Run, error)

	// SetProgress writes the progress of a run if its record is processing, under the
	// holder's term and this attempt, and otherwise returns ErrChanged or ErrNoRun. It
	// returns the request to cancel the run, if there is one. A power cut may undo it.
	SetProgress(ctx context.Context, h Holder, k Key, attempt int, p Progress) (cancel *Request, err error)

	// Open returns up to limit runs of the group that are open and do not wait, the ones
	// of the lowest terms first, whoever has started them. It does not read those in except: what
	// a run has written may be large. A record of which nobody can say
	// whether it is open is reported as one that cannot be understood.
	Open(ctx context.Context, h Holder, except []Key, limit int) ([]Run, error)

	// Retrying returns, for each job of the group that has waiting runs which have had an
	// attempt, the ID of the greatest of them (Key.Run). It reads no more of a run than
	// that: one of which something else cannot be understood, or of a later term, counts as
	// well.
	Retrying(ctx context.Context, group string) (map[string]string, error)

	// Due returns up to limit waiting runs that are due, in the order in which they are to
	// be started: by priority from the highest, then by when they were due, then by job
	// and run. It also returns when the next one is due that is not yet; zero if none
	// waits. It leaves out the runs of the jobs in except.
	Due(ctx context.Context, h Holder, now time.Time, except []string, limit int) (runs []Run, next time.Time, err error)

	// SaveCheckpoint stores the checkpoint of a run's attempt. It returns ErrChanged if a
	// later term, or a later attempt of this one, has taken the checkpoint over, and
	// ErrNoRun if there is no such run: nothing is stored for one that was pruned.
	SaveCheckpoint(ctx context.Context, h Holder, k Key, attempt int, data []byte) error

	// TakeCheckpoint returns the last checkpoint of a run, nil if there is none, and takes
	// it over for this attempt: what an earlier attempt still saves is ErrChanged, and so
	// is to take it over for an earlier one. It returns ErrNoRun if there is no such run.
	TakeCheckpoint(ctx context.Context, h Holder, k Key, attempt int) ([]byte, error)

	// AppendChunk stores chunk number n, from 0, of the live output of an attempt, and
	// deletes those whose number is lower by MaxChunks or more. The offset is the position
	// of its first byte in the output. A chunk that is there stays as it is. Numbers may be
	// left out. A power cut may undo it. It returns ErrNoRun if there is no such run.
	AppendChunk(ctx context.Context, h Holder, k Key, attempt, n int, offset int64, data []byte) error

	// Prune deletes ended runs of a job that are not open, with their payloads,
	// checkpoints and chunks, in small steps: at most limit of them, the oldest first. It
	// spares those of slots after the mark that the job's record has, those that cannot be
	// understood, and those that p spares. It returns how many it deleted.
	Prune(ctx context.Context, h Holder, job string, p Prunable, limit int) (deleted int, err error)
}

// Asking is what everybody may call: what people see, and what they ask for.
type Asking interface {
	// Submit inserts a waiting run with its payload. Of r, the key, Trigger, Slot, Due,
	// Priority, By and Parent count. At is set to the registry's time, and Due is no
	// earlier than that. If there is a run of this key with the same payload, that one is
	// returned, and created is false; with another payload it is ErrConflict. Otherwise it
	// returns ErrFull if at least depth runs of the group wait.
	Submit(ctx context.Context, r Run, payload []byte, depth int) (stored Run, created bool, err error)

	// Cancel cancels a run that waits at once: it has ended then, and stays open until the
	// holder has done what follows its end. It asks the holder to cancel one that is
	// processed; the first request stays. Either way the record has the request. It
	// returns the record after that; ErrState if the run has ended, and ErrNoRun.
	Cancel(ctx context.Context, k Key, by, why string) (Run, error)

	// Retry makes a run wait again that has ended without success ([State.Retryable]), due
	// now, with its failures and interruptions at 0, without an end and without a request
	// to cancel it. Its remark is that of [Retried], and RetriedBy is by, or [Somebody] if that
	// is empty. It returns the record after that;
	// ErrState if it waits, is processed, is open, or cannot be retried, and ErrNoRun.
	Retry(ctx context.Context, k Key, by string) (Run, error)

	// Pause pauses a job: no slot of it is claimed. Resume undoes that, and sets Resumed to
	// the registry's time. Both return the record after that; ErrNoJob if there is none. To
	// pause a job that is paused changes nothing, and neither does to resume one that is
	// not.
	Pause(ctx context.Context, group, job, by, why string) (Job, error)
	Resume(ctx context.Context, group, job string) (Job, error)

	// Jobs returns the jobs of a group, in the order of their names, up to MaxJobs.
	Jobs(ctx context.Context, group string) ([]Job, error)

	// Run returns a run, or ErrNoRun.
	Run(ctx context.Context, k Key) (Run, error)

	// Runs returns the runs that a filter lets through, the last made first, and of those
	// made at the same instant the last by job and run, without the Head and Tail of their
	// outputs and without their results.
	Runs(ctx context.Context, group string, f Filter) ([]Run, error)

	// Queue returns how many runs wait and since when the oldest of them has been due,
	// for each job that has waiting runs that are due.
	Queue(ctx context.Context, group string, now time.Time) (map[string]Queue, error)

	// Payload returns the payload of a run, nil if it has none, or ErrNoRun. A payload
	// that is missing, or is not that of the run's digest, is registry.ErrCorrupt.
	Payload(ctx context.Context, k Key) ([]byte, error)

	// Chunks returns the last chunks of an attempt's live output, at most MaxChunks of
	// those with the number from or a higher one, in the order of their numbers. Some may
	// be missing in between: the offsets tell.
	Chunks(ctx context.Context, k Key, attempt, from int) ([]Chunk, error)

	// Watch returns a channel that receives after changes of the group's runs and jobs
	// that others than a holder made, until ctx ends or the watch breaks; then the channel
	// is closed. There may be notices without such a change. It returns
	// registry.ErrNoWatch if the caller has to poll.
	Watch(ctx context.Context, group string) (<-chan struct{}, error)
}

// Filter says which runs [Asking.Runs] returns.
type Filter struct {
	Job    string    // of this job only; empty for all
	States []State   // in one of these states; empty for all
	Since  time.Time // made at this instant or later; zero for all
	Before Run       // made before this run, for the next page; its At and Key count
	Limit  int       // how many at most
}

// Chunk is a part of the live output of an attempt.
type Chunk struct {
	N      int   // its number; see [Holding.AppendChunk]
	Offset int64 // of its first byte in the output
	Data   []byte
}

// Queue is what waits of a job.
type Queue struct {
	Waiting int
	Oldest  time.Time // when the oldest one was due
}
