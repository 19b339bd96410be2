package view

import (
	"context"
	"math"

	"github.com/understudy-go/understudy/jobs/store"
)

// Transcript puts the output of a run together from what is stored of it: chunks, and what
// the record has. It writes the output of each attempt that it sees from its beginning, and
// everything once.
type Transcript struct {
	// Chunks reads the chunks of an attempt with the number from or a higher one.
	Chunks func(ctx context.Context, attempt, from int) ([]store.Chunk, error)
	// Write takes what comes next.
	Write func(data []byte) error
	// Missing is told how many bytes before what comes next are not stored.
	Missing func(bytes int64) error
	// Next is told that the output of another attempt follows that of the one before.
	Next func(attempt int) error

	attempt int   // that is being written; 0: none yet
	next    int   // the number of its next chunk
	at      int64 // up to where its output was written, or is missing
}

// Advance writes what is new, as of a record that was read just now. After an error it can
// be called again.
func (t *Transcript) Advance(ctx context.Context, r store.Run) error {
	if r.Attempt != t.attempt && t.attempt > 0 {
		if err := t.chunks(ctx); err != nil {
			return err
		}
		if err := t.Next(r.Attempt); err != nil {
			return err
		}
	}
	if r.Attempt != t.attempt {
		t.attempt, t.next, t.at = r.Attempt, 0, 0
	}
	if t.attempt == 0 {
		return nil
	}
	recorded := hasOutput(r)
	if recorded {
		if err := t.piece(0, r.Output.Head); err != nil {
			return err
		}
	}
	if err := t.chunks(ctx); err != nil || !recorded {
		return err
	}
	whole := max(r.Output.Bytes, int64(len(r.Output.Head)+len(r.Output.Tail))) // a record may hold any number
	return t.piece(whole-int64(len(r.Output.Tail)), r.Output.Tail)
}

// hasOutput reports whether the output in a run's record is that of its last attempt. After
// an attempt whose instance went away, it may be that of the one before.
func hasOutput(r store.Run) bool {
	n := len(r.Attempts)
	if n == 0 || r.Attempts[n-1].Number != r.Attempt {
		return false
	}
	last := r.Attempts[n-1]
	return last.End != "" && (last.End != store.AttemptExited || n == 1)
}

// chunks writes the chunks that are new.
func (t *Transcript) chunks(ctx context.Context) error {
	list, err := t.Chunks(ctx, t.attempt, t.next)
	if err != nil {
		return err
	}
	for _, c := range list {
		if err := t.piece(c.Offset, c.Data); err != nil {
			return err
		}
		t.next = max(t.next, c.N+1)
	}
	return nil
}

// piece writes what is new of a part of the output. A part whose offset makes no sense is
// left out.
func (t *Transcript) piece(offset int64, data []byte) error {
	if len(data) == 0 || offset < 0 || offset > math.MaxInt64-int64(len(data)) || offset+int64(len(data)) <= t.at {
		return nil
	}
	if offset > t.at {
		if err := t.Missing(offset - t.at); err != nil {
			return err
		}
		t.at = offset
	}
	data = data[t.at-offset:]
	t.at += int64(len(data))
	return t.Write(data)
}
