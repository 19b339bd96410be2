package mongobell

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongoconn"
	"github.com/understudy-go/understudy/registry"
)

const (
	// await is how long the server waits for a ring before it answers a request. Each
	// request costs an idle instance two messages, so it is longer than the driver's
	// default of a second.
	await = 10 * time.Second
	// overdue is when an answer is late. A connection can be dead without having been
	// closed.
	overdue = await + 5*time.Second
	// closeTime bounds how long the end of a cursor waits for the server.
	closeTime = 500 * time.Millisecond
	batch     = 1000
	// size is that of a collection, in bytes: some hundreds of rings.
	size = 64 << 10
)

// Codes of the server's errors.
const (
	badValue        = 2
	namespaceExists = 48
)

// none are the codes of servers, MongoDB's and compatible ones, that have no tailable
// cursors or capped collections, or none for this user.
var none = []int{
	badValue,
	9,     // FailedToParse
	13,    // Unauthorized
	59,    // CommandNotFound
	72,    // InvalidOptions
	115,   // CommandNotSupported
	166,   // CommandNotSupportedOnView
	238,   // NotImplemented
	303,   // Amazon DocumentDB: Feature not supported
	40415, // unknown field
}

// filter matches the rings of keys.
func filter(keys map[key]bool) bson.D {
	groups := map[Kind]bson.A{Terms: {}, Jobs: {}}
	for k := range keys {
		groups[k.of] = append(groups[k.of], k.group)
	}
	either := bson.A{}
	for of, names := range groups {
		if len(names) > 0 {
			either = append(either, bson.D{{Key: "of", Value: of}, {Key: "group", Value: bson.D{{Key: "$in", Value: names}}}})
		}
	}
	if len(either) == 0 {
		return bson.D{{Key: "of", Value: "nothing"}}
	}
	return bson.D{{Key: "$or", Value: either}}
}

// open opens a cursor on a collection, which has the rings of some keys from now on. It
// makes the collection what it has to be, if it may. It returns registry.ErrNoWatch if
// there can be no such cursor.
func (b *Bell) open(ctx context.Context, slot int, keys map[key]bool) (*mongo.Cursor, error) {
	c := b.collections[slot]
	for range 3 {
		cursor, err := find(ctx, c, keys)
		switch {
		case err == nil && cursor.ID() != 0:
			return cursor, nil
		case err == nil: // there is no such collection, or nothing is in it
			closeCursor(cursor)
			err = b.make(ctx, c)
		case notCapped(err):
			err = b.bound(ctx, c, err)
		}
		if err != nil {
			return nil, b.explain(c, err)
		}
	}
	return nil, fmt.Errorf("%s.%s: somebody empties or drops it again and again", c.Database().Name(), c.Name())
}

// find opens a cursor. Its ID is 0 if there is no such collection, or nothing is in it.
func find(ctx context.Context, c *mongo.Collection, keys map[key]bool) (*mongo.Cursor, error) {
	o := options.Find().SetCursorType(options.TailableAwait).SetMaxAwaitTime(await).SetBatchSize(batch)
	return c.Find(ctx, filter(keys), o)
}

// notCapped reports whether an error says that a collection is not capped. The server has
// no code for it alone.
func notCapped(err error) bool {
	return mongoconn.HasCode(err, badValue) && strings.Contains(err.Error(), "capped")
}

// make makes a collection, if it is missing, and puts the first document into it. Several
// instances may do that at the same time.
func (b *Bell) make(ctx context.Context, c *mongo.Collection) error {
	if !b.source.Make || b.source.Silent {
		return fmt.Errorf("%w: there is no collection %s yet: an instance makes it when it starts", registry.ErrNoWatch, c.Name())
	}
	o := options.CreateCollection().SetCapped(true).SetSizeInBytes(size)
	if err := c.Database().CreateCollection(ctx, c.Name(), o); err != nil && !mongoconn.HasCode(err, namespaceExists) {
		return err
	}
	_, err := c.InsertOne(ctx, bson.D{{Key: "of", Value: first}})
	return err
}

// convertTime spreads the instances that find a collection without a bound, so that one of
// them converts it, and the others find it converted.
const convertTime = time.Second

// bound makes a capped collection of one that has no bound, unless it has documents of
// another program. because is the server's error.
func (b *Bell) bound(ctx context.Context, c *mongo.Collection, because error) error {
	if !b.source.Make || b.source.Silent {
		return because
	}
	select {
	case <-time.After(rand.N(convertTime)):
	case <-ctx.Done():
		return ctx.Err()
	}
	cursor, err := find(ctx, c, nil)
	if err == nil {
		closeCursor(cursor)
	}
	if !notCapped(err) {
		return err
	}
	if err := foreign(ctx, c); err != nil {
		return err
	}
	return c.Database().RunCommand(ctx, bson.D{{Key: "convertToCapped", Value: c.Name()}, {Key: "size", Value: size}}).Err()
}

// foreign returns registry.ErrNoWatch if a collection has a document of another program.
func foreign(ctx context.Context, c *mongo.Collection) error {
	err := c.FindOne(ctx, bson.D{{Key: "of", Value: bson.D{{Key: "$nin", Value: bson.A{Terms, Jobs, first}}}}}).Err()
	switch {
	case err == nil:
		return fmt.Errorf("%w: the collection %s has documents of another program: name another database", registry.ErrNoWatch, c.Name())
	case errors.Is(err, mongo.ErrNoDocuments):
		return nil
	}
	return err
}

// Examine tries the bell without changing anything. It returns the names of the
// collections that are still to be made, and why there is no bell.
func (b *Bell) Examine(ctx context.Context) (missing []string, err error) {
	for _, c := range b.collections {
		cursor, err := find(ctx, c, nil)
		if err != nil && !notCapped(err) {
			return missing, b.explain(c, err)
		}
		if err != nil || cursor.ID() == 0 {
			missing = append(missing, c.Name())
		}
		if err == nil {
			closeCursor(cursor)
		}
		if err := foreign(ctx, c); err != nil {
			return missing, b.explain(c, err)
		}
	}
	return missing, nil
}

// explain returns the error with which no cursor could be opened, which is
// registry.ErrNoWatch if another try makes no sense.
func (b *Bell) explain(c *mongo.Collection, err error) error {
	if errors.Is(err, registry.ErrNoWatch) || !mongoconn.HasCode(err, none...) {
		return err
	}
	if notCapped(err) {
		return fmt.Errorf("%w: %s.%s is not capped: drop it, and an instance makes it again", registry.ErrNoWatch, c.Database().Name(), c.Name())
	}
	return fmt.Errorf("%w: %s.%s: %w", registry.ErrNoWatch, c.Database().Name(), c.Name(), err)
}

// closeCursor asks the server to free what it keeps for a cursor, unless that takes long.
func closeCursor(cursor *mongo.Cursor) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	_ = cursor.Close(ctx)
}
