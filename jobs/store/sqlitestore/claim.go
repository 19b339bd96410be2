package sqlitestore

import (
	"context"
	"fmt"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// claimed is what became of a claim.
type claimed struct {
	there []*store.Run
	errs  []error
}

// Claim inserts runs under the holder's term.
func (s *Store) Claim(ctx context.Context, h store.Holder, runs []store.Run) ([]*store.Run, error) {
	const name = "claim"
	if len(runs) > store.MaxPage {
		return nil, fmt.Errorf("%s: %w: %d runs, want up to %d", name, store.ErrTooLarge, len(runs), store.MaxPage)
	}
	list := make([]store.Run, 0, len(runs))
	for _, r := range runs {
		if r.Group != h.Group {
			return nil, fmt.Errorf("%s: %w", name, otherGroup(h, r.Group))
		}
		r.Term, r.Instance = h.Term, h.Instance
		r.Payload, r.Progress, r.Cancel = store.Digest{}, store.Progress{}, nil
		r, err := r.Stored()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		list = append(list, r)
	}
	done, err := holding(ctx, s, name, ofHolder, h, func(c *conn) (done claimed, err error) {
		for _, r := range list {
			there, err := c.run(r.Key)
			switch {
			case registry.Unreadable(err):
				there = &store.Run{Key: r.Key}
				if len(done.errs) < maxErrors {
					done.errs = append(done.errs, err)
				}
			case err != nil:
				return done, err
			case there == nil:
				if err := c.insertRun(r); err != nil {
					return done, err
				}
			}
			done.there = append(done.there, there)
		}
		return done, nil
	})
	if err != nil {
		return nil, err
	}
	return done.there, s.unreadable(name, done.errs)
}

// insertRun inserts a run.
func (c *conn) insertRun(r store.Run) error {
	return c.change(insertRun, runValues(r), "runs", aVersion+` AND nonce IS ?`, append(versionArgs(r), orNull(r.Nonce))...)
}

// aVersion selects a run of a version.
const aVersion = aRun + ` AND state = ? AND term = ? AND attempt = ?`

func versionArgs(r store.Run) []any {
	return append(keyArgs(r.Key), string(r.State), r.Term, r.Attempt)
}

// updateRun writes all of a run that can change.
func (c *conn) updateRun(r store.Run) error {
	by, why, at := askedBy(r.Cancel)
	args := []any{millis(r.Due), string(r.State), flag(r.Open), r.Term, orNull(r.Instance), r.Attempt, orNull(r.Nonce), r.Failures, r.Interruptions, r.RetriedBy,
		r.Progress.Percent, r.Progress.Text, millis(r.Progress.At), r.Remark, millis(r.EndedAt), by, why, at, r.Schema,
		r.Output.Bytes, attemptsText(r.Attempts), data(r.Result), data(r.Output.Head), data(r.Output.Tail)}
	return c.change(`UPDATE runs SET due = ?, state = ?, open = ?, term = ?, instance = ?, attempt = ?, nonce = ?, failures = ?, interruptions = ?, retriedBy = ?,
		percent = ?, progress = ?, progressAt = ?, remark = ?, endedAt = ?, cancelBy = ?, cancelWhy = ?, cancelAt = ?, schema = ?,
		bytes = ?, attempts = ?, result = ?, head = ?, tail = ? `+aRun, append(args, keyArgs(r.Key)...),
		"runs", aVersion+` AND open = ? AND nonce IS ? AND cancelAt IS ?`, append(versionArgs(r), flag(r.Open), orNull(r.Nonce), at)...)
}

// SetProgress writes the progress of a processing run.
func (s *Store) SetProgress(ctx context.Context, h store.Holder, k store.Key, attempt int, p store.Progress) (*store.Request, error) {
	const name = "set progress"
	if k.Group != h.Group {
		return nil, fmt.Errorf("%s: %w", name, otherGroup(h, k.Group))
	}
	p = p.Stored()
	return holding(ctx, s, name, ofOutput, h, func(c *conn) (*store.Request, error) {
		r, err := c.mustRun(k)
		if err != nil {
			return nil, err
		}
		if want := (store.Version{State: store.Processing, Term: h.Term, Attempt: attempt}); r.Version() != want {
			return nil, fmt.Errorf("%s is %s under term %d, attempt %d: %w", k, r.State, r.Term, r.Attempt, store.ErrChanged)
		}
		return r.Cancel, c.change(`UPDATE runs SET percent = ?, progress = ?, progressAt = ? `+aRun,
			append([]any{p.Percent, p.Text, millis(p.At)}, keyArgs(k)...),
			"runs", aRun+` AND percent = ? AND progress = ? AND progressAt IS ?`, append(keyArgs(k), p.Percent, p.Text, millis(p.At))...)
	})
}
