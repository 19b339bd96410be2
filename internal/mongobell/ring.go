package mongobell

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongofields"
	"github.com/understudy-go/understudy/registry"
)

// Kind says what a ring is about.
type Kind string

const (
	Terms Kind = "terms"
	Jobs  Kind = "jobs"
	// first is the kind of the document that keeps a collection from being empty.
	first Kind = "first"
)

// key is what a waiter waits for.
type key struct {
	of    Kind
	group string
}

// slot returns the number of the collection in which a key rings. All versions of this
// program have to agree on it. Jobs have collections of their own, so that a flood of
// triggers delays no takeover: it fills a collection in a moment, and whoever reads it has to
// read all.
func (k key) slot() int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(k.group))
	if k.of == Jobs {
		return TermSlots + int(h.Sum32()%jobSlots)
	}
	return int(h.Sum32() % TermSlots)
}

// Ring says that something changed.
type Ring struct {
	Of    Kind
	Group string
	Term  int64     // for people; 0: none
	For   uuid.UUID // who should act; uuid.Nil: everybody who waits
}

func (r Ring) key() key { return key{r.Of, r.Group} }

// document returns the ring as it is stored.
func (r Ring) document() bson.D {
	d := bson.D{{Key: "group", Value: r.Group}, {Key: "of", Value: r.Of}}
	if r.Term > 0 {
		d = append(d, bson.E{Key: "term", Value: r.Term})
	}
	if r.For != uuid.Nil {
		d = append(d, bson.E{Key: "for", Value: mongofields.Binary(r.For)})
	}
	return d
}

// decode reads a ring. What makes no sense in it is left out: a ring is a hint.
func decode(raw bson.Raw) (r Ring) {
	r.Group, _ = mongofields.Text(raw.Lookup("group"))
	of, _ := mongofields.Text(raw.Lookup("of"))
	r.Of = Kind(of)
	r.For, _ = mongofields.Fields{Raw: raw}.ID("for")
	return r
}

const (
	// TermSlots is how many collections there are for rings about terms.
	TermSlots = 16
	// jobSlots is how many there are for rings about jobs. Only active instances wait there.
	jobSlots = 4
	// Slots is how many there are in all.
	Slots = TermSlots + jobSlots
)

// Names returns the names of the collections.
func Names() []string {
	names := make([]string, Slots)
	for i := range names {
		names[i] = name(i)
	}
	return names
}

func name(slot int) string { return "bell" + strconv.Itoa(slot) }

const (
	// ringTimeout bounds an insert. A later ring would be of no use.
	ringTimeout = 2 * time.Second
	// maxPending bounds the rings that wait to be sent, for each collection.
	maxPending = 1000
	// senders bounds how many connections the rings about terms take. Those about jobs take
	// one.
	senders = 4
	// checkEvery is how often it is checked that a collection is there and capped, before
	// a ring. An insert into a missing collection would make one without a bound.
	checkEvery = 10 * time.Minute
	// restAfter is how long nothing is sent to a collection after registry.ErrNoWatch.
	restAfter = 10 * time.Second
)

// outbox has the rings of one collection that were not sent yet. Bell.mu protects it.
type outbox struct {
	rings   map[key]Ring
	sending bool      // a goroutine sends them
	checked time.Time // when the collection was found to be as it should be
	rests   time.Time // nothing is sent until then, after registry.ErrNoWatch
}

// Ring announces a change that was acknowledged. It only notes the ring, and returns.
func (b *Bell) Ring(r Ring) {
	if b.source.Silent {
		return
	}
	slot := r.key().slot()
	b.mu.Lock()
	defer b.mu.Unlock()
	o := &b.outboxes[slot]
	if o.rings == nil {
		o.rings = map[key]Ring{}
	}
	before, waits := o.rings[r.key()]
	switch {
	case !waits && len(o.rings) >= maxPending, time.Now().Before(o.rests):
		return
	case waits && before.For != r.For:
		r.For = uuid.Nil // one for two becomes one for everybody
	}
	o.rings[r.key()] = r
	if !o.sending {
		o.sending = b.source.Spawn(func() { b.send(slot) }) == nil
	}
}

// send inserts the rings of a collection until none is left.
func (b *Bell) send(slot int) {
	turns := b.turns
	if slot >= TermSlots {
		turns = b.jobTurn
	}
	for {
		turns <- struct{}{}
		rings, unchecked := b.take(slot)
		if len(rings) > 0 {
			b.insert(slot, rings, unchecked)
		}
		<-turns
		if len(rings) == 0 {
			return
		}
	}
}

// take empties an outbox. It reports whether the collection has to be checked first: not
// while a cursor of this process is open on it.
func (b *Bell) take(slot int) (rings []any, unchecked bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := &b.outboxes[slot]
	for _, r := range o.rings {
		rings = append(rings, r.document())
	}
	clear(o.rings)
	if len(rings) == 0 {
		o.sending = false
		b.quiet.Broadcast()
	}
	return rings, !b.lines[slot].isOpen() && time.Since(o.checked) > checkEvery
}

// insert inserts rings. If it fails twice, they are lost, which is said once until rings are
// sent again. After registry.ErrNoWatch there is nothing to say: nobody can listen there, and
// whoever wants to says why not.
func (b *Bell) insert(slot int, rings []any, unchecked bool) {
	ctx, cancel := context.WithTimeout(b.source.Closing, ringTimeout)
	defer cancel()
	err := b.tryInsert(ctx, slot, rings, unchecked)
	if err != nil && !errors.Is(err, registry.ErrNoWatch) && ctx.Err() == nil {
		err = b.tryInsert(ctx, slot, rings, true) // a ring that comes twice does no harm
	}
	b.mu.Lock()
	o := &b.outboxes[slot]
	switch {
	case err == nil && unchecked:
		o.checked = time.Now()
	case err != nil:
		o.checked = time.Time{}
		if errors.Is(err, registry.ErrNoWatch) {
			o.rests = time.Now().Add(restAfter)
		}
	}
	lost := err != nil && !errors.Is(err, registry.ErrNoWatch)
	said := b.failing
	b.failing = lost
	b.mu.Unlock()
	if lost && !said && b.source.Closing.Err() == nil && b.source.Say != nil {
		b.source.Say(fmt.Sprintf("a change could not be announced, so others notice it later: %v", err))
	}
}

// tryInsert inserts rings, into a collection that is checked first if it has to be.
func (b *Bell) tryInsert(ctx context.Context, slot int, rings []any, unchecked bool) error {
	if unchecked {
		cursor, err := b.open(ctx, slot, nil)
		if err != nil {
			return err
		}
		defer closeCursor(cursor) // after the insert, for which somebody waits
	}
	_, err := b.collections[slot].InsertMany(ctx, rings, options.InsertMany().SetOrdered(false))
	return err
}

// Flush waits until the rings that were noted are sent, but no longer than ctx.
func (b *Bell) Flush(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.quiet.Broadcast()
	})
	defer stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.sending() && ctx.Err() == nil {
		b.quiet.Wait()
	}
}

func (b *Bell) sending() bool {
	for i := range b.outboxes {
		if b.outboxes[i].sending {
			return true
		}
	}
	return false
}
