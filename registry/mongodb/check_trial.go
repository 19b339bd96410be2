package mongodb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongoconn"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/internal/trial"
)

// noTransaction are the codes of servers that have no transactions, or none for these
// calls.
var noTransaction = []int{
	20,  // IllegalOperation: a single server
	59,  // CommandNotFound
	115, // CommandNotSupported
	238, // NotImplemented
	263, // OperationNotSupportedInTransaction
}

// trial makes the calls that an instance makes at its start, in a group that is made up, and
// undoes them. It leaves a collection out that does not exist, because the first write
// would make it.
func (c *checker) trial(ctx context.Context) bool {
	const name = "trial"
	_ = c.r.findCollation(ctx) // as Open does
	begun := time.Now()
	done, failed := 0, false
	for _, part := range []struct {
		of  *mongo.Collection
		run func(ctx context.Context, group string) error
	}{
		{c.r.instances, func(ctx context.Context, group string) error { return trial.Instances(ctx, c.r, group) }},
		{c.r.terms, func(ctx context.Context, group string) error { return trial.Terms(ctx, c.r, group) }},
	} {
		if !c.usable[part.of.Name()] {
			continue
		}
		err := c.inVain(ctx, part.of, part.run)
		switch {
		case errors.Is(err, errUntried):
			continue
		case errors.Is(err, registry.ErrRefused): // its text says by what
			c.fail(name, err, "")
			failed = true
		case err != nil:
			c.explain(ctx, name, err)
			failed = true
		}
		done++
	}
	switch {
	case failed, c.usable == nil:
	case done == 2:
		c.ok(name, "two instances were registered, and beat, and began and ended terms, within %v; all of it was undone", time.Since(begun).Round(time.Millisecond))
	case done == 1:
		c.ok(name, "what could be tried worked, and was undone")
	default:
		c.ok(name, "left out: the collections do not exist yet, and the trial would leave them behind")
	}
	return true
}

// errUntried says that a call was not tried, because it might leave a record behind.
var errUntried = errors.New("not tried")

// inVain calls f and undoes what it wrote. It uses a transaction that is never
// committed, so that nothing stays even if this process is killed meanwhile. Where the
// server has no transactions, the records are deleted.
func (c *checker) inVain(ctx context.Context, of *mongo.Collection, f func(ctx context.Context, group string) error) error {
	group := trial.Group()
	for try := 1; ; try++ {
		err := c.r.aborted(ctx, func(ctx context.Context) error { return f(ctx, group) })
		var labeled mongo.LabeledError
		switch {
		case mongoconn.HasCode(err, noTransaction...) && !c.listed:
			return errUntried // a collection of unknown options may not let them be deleted
		case mongoconn.HasCode(err, noTransaction...):
			return c.deleted(ctx, of, group, f)
		case errors.As(err, &labeled) && labeled.HasErrorLabel("TransientTransactionError") && try < 3 && ctx.Err() == nil:
			continue
		}
		return err
	}
}

// aborted calls f in a transaction that is never committed.
func (r *Registry) aborted(ctx context.Context, f func(ctx context.Context) error) error {
	session, err := r.conn.StartSession(options.Session().SetCausalConsistency(true))
	if err != nil {
		return err
	}
	defer session.EndSession(ctx)
	if err := session.StartTransaction(); err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = session.AbortTransaction(ctx) // else the server aborts it after a minute
	}()
	return f(mongo.NewSessionContext(ctx, session))
}

// deleted calls f and deletes the records of the group.
func (c *checker) deleted(ctx context.Context, of *mongo.Collection, group string, f func(ctx context.Context, group string) error) (err error) {
	if len(c.privileges.missing(c.r.database(), of.Name(), "remove")) > 0 {
		return errUntried
	}
	filter := bson.M{"group": group}
	if of == c.r.terms {
		filter = bson.M{"$or": bson.A{ofGroup(group), ofGroup(trial.Other(group))}}
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if _, left := of.DeleteMany(ctx, filter); left != nil {
			err = errors.Join(err, fmt.Errorf("the records of the group %s could not be deleted again: %w", group, left))
		}
	}()
	return f(ctx, group)
}
