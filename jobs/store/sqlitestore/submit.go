package sqlitestore

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/understudy-go/understudy/jobs/store"
)

// submitted is what became of a trigger.
type submitted struct {
	run     store.Run
	created bool
}

// Submit inserts a waiting run with its payload.
func (s *Store) Submit(ctx context.Context, r store.Run, payload []byte, depth int) (store.Run, bool, error) {
	const name = "submit"
	if err := store.CheckSize("payload", payload, store.MaxPayload); err != nil {
		return store.Run{}, false, fmt.Errorf("%s: %w", name, err)
	}
	wanted := store.Run{Key: r.Key, Trigger: r.Trigger, Slot: r.Slot, Due: r.Due, Priority: r.Priority, By: r.By, Parent: r.Parent,
		State: store.Waiting, Open: true}
	if len(payload) > 0 {
		wanted.Payload = sha256.Sum256(payload)
	}
	content := append([]byte{}, payload...) // the caller may change its own after its context ended
	done, err := writing(ctx, s, name, ofPeople, func(c *conn) (done submitted, err error) {
		r := wanted
		r.At = now()
		if r.Due.Before(r.At) {
			r.Due = r.At
		}
		if r, err = r.Stored(); err != nil {
			return done, err
		}
		there, err := c.run(r.Key)
		switch {
		case err != nil:
			return done, err
		case there != nil && there.Payload != r.Payload:
			return done, fmt.Errorf("%s: %w", r.Key, store.ErrConflict)
		case there != nil:
			return submitted{run: *there}, nil
		}
		if err := c.room(r.Group, depth); err != nil {
			return done, err
		}
		if len(content) > 0 {
			if err := c.saveBlob(r.Key, payloadKind, 0, 0, content); err != nil {
				return done, err
			}
		}
		if err := c.insertRun(r); err != nil {
			return done, err
		}
		return submitted{r, true}, c.announce(r.Group)
	})
	return done.run, done.created, err
}

// room returns ErrFull if at least depth runs of a group wait.
func (c *conn) room(group string, depth int) error {
	waiting := 0
	err := c.Each(func(scan func(dest ...any) error) error { return scan(&waiting) },
		`SELECT count(*) FROM (SELECT 1 FROM runs `+waitingOfGroup+` LIMIT ?)`, group, max(depth, 0))
	if err == nil && waiting >= depth {
		err = fmt.Errorf("%d runs of group %.64q wait: %w", waiting, group, store.ErrFull)
	}
	return err
}
