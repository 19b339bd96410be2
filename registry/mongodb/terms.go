package mongodb

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongoconn"
	"github.com/understudy-go/understudy/internal/mongofields"
	"github.com/understudy-go/understudy/registry"
)

// termID is the _id of a term. The order of its fields matters: for the server the same
// fields in another order are another _id.
type termID struct {
	Group string `bson:"group"`
	Term  int64  `bson:"term"`
}

// ofGroup matches all terms of a group, by the index of _id: every _id whose first
// field is the group, so that a record that makes no sense is found too.
func ofGroup(group string) bson.M {
	bound := func(end any) bson.D { return bson.D{{Key: "group", Value: group}, {Key: "term", Value: end}} }
	return bson.M{"_id": bson.M{"$gt": bound(bson.MinKey{}), "$lt": bound(bson.MaxKey{})}}
}

var latestFirst = bson.M{"_id": -1}

// View implements [registry.Registry].
func (r *Registry) View(ctx context.Context, group string, except ...uuid.UUID) (registry.View, error) {
	v, err := r.view(ctx, group, except)
	if err != nil {
		return registry.View{}, wrap(ctx, "view", err)
	}
	return v, nil
}

// view reads the term and its holder in one causally consistent session, so that the second
// read is no older than the first.
func (r *Registry) view(ctx context.Context, group string, except []uuid.UUID) (v registry.View, err error) {
	if err := r.mayRead(); err != nil {
		return v, err
	}
	if mongo.SessionFromContext(ctx) == nil { // the trial of a check has a session already
		session, err := r.conn.StartSession(options.Session().SetCausalConsistency(true))
		if err != nil {
			return v, err
		}
		defer session.EndSession(ctx)
		ctx = mongo.NewSessionContext(ctx, session)
	}
	raw, err := r.terms.FindOne(ctx, ofGroup(group), options.FindOne().SetSort(latestFirst).SetCollation(r.simple)).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return v, nil
	}
	if err != nil {
		return v, r.refused(r.terms, err)
	}
	term, err := decodeTerm(raw)
	if err != nil {
		return v, err
	}
	v.Latest = &term
	if !term.Open() || slices.Contains(except, term.Holder) {
		return v, nil
	}
	raw, err = r.record(ctx, term.Holder)
	if raw == nil {
		return v, err
	}
	holder, err := decodeInstance(raw)
	if errors.Is(err, registry.ErrCorrupt) {
		beat, ok := fieldsOf(raw).Integer("beat")
		if !ok {
			beat = registry.NoBeat
		}
		holder, v.Damage, err = term.Remains(beat), err, nil
	}
	v.Holder = &holder
	return v, err
}

// BeginTerm implements [registry.Registry].
//
// The insert alone decides, and an insert cannot store the server's time. So startedAt
// is the server's time from the answer to the last heartbeat, plus what has passed
// since. It is late by no more than that answer took. A second write could store the
// exact time, but it would double the cost of a takeover, for a date that only people
// read.
func (r *Registry) BeginTerm(ctx context.Context, t registry.Term) error {
	if err := r.mayWrite(); err != nil {
		return wrap(ctx, "begin term", err)
	}
	now := t
	now.StartedAt, now.Schema = r.clock.now(), registry.Schema
	if err := now.Check(); err != nil {
		return wrap(ctx, "begin term", err)
	}
	_, err := r.terms.InsertOne(ctx, bson.D{
		{Key: "_id", Value: termID{t.Group, t.Number}},
		{Key: "holder", Value: mongofields.Binary(t.Holder)},
		{Key: "host", Value: t.Host},
		{Key: "orphanAfter", Value: mongofields.Milliseconds(t.OrphanAfter)},
		{Key: "startedAt", Value: now.StartedAt},
		{Key: "schema", Value: int64(registry.Schema)},
	})
	if mongoconn.DuplicateID(err) {
		return wrap(ctx, "begin term", r.taken(ctx, t, err))
	}
	if err == nil {
		r.ring(t.Group, t.Number, uuid.Nil)
	}
	return wrap(ctx, "begin term", r.refused(r.terms, err))
}

// taken returns ErrTermTaken for a duplicate _id, unless that is the _id of another
// group's term: a collation can make two names equal for the unique index.
func (r *Registry) taken(ctx context.Context, t registry.Term, err error) error {
	taken := fmt.Errorf("%w: term %d of group %q", registry.ErrTermTaken, t.Number, t.Group)
	if !mongoconn.Collated(err) || r.simple == nil {
		return taken
	}
	o := options.FindOne().SetProjection(bson.M{"_id": 1}).SetCollation(r.simple)
	switch found := r.terms.FindOne(ctx, bson.M{"_id": termID{t.Group, t.Number}}, o).Err(); {
	case found == nil:
		return taken
	case !errors.Is(found, mongo.ErrNoDocuments):
		return r.refused(r.terms, found)
	}
	return fmt.Errorf("%w: by the collation of %s.%s the group %q is the same as another that has term %d: "+
		"create the collection again without a collation, or name another database",
		registry.ErrRefused, r.terms.Database().Name(), r.terms.Name(), t.Group, t.Number)
}

// EndTerm implements [registry.Registry].
func (r *Registry) EndTerm(ctx context.Context, group string, number int64, holder uuid.UUID, end registry.End) error {
	if err := r.mayWrite(); err != nil {
		return wrap(ctx, "end term", err)
	}
	set := bson.M{"reason": end.Reason, "exitCode": int64(end.ExitCode)}
	if end.Silence > 0 {
		set["silence"] = mongofields.Milliseconds(end.Silence)
	}
	if end.Next != uuid.Nil {
		set["next"] = mongofields.Binary(end.Next)
	}
	result, err := r.terms.UpdateOne(ctx,
		bson.M{"_id": termID{group, number}, "holder": mongofields.Binary(holder), "endedAt": nil},
		bson.M{"$set": set, "$currentDate": bson.M{"endedAt": true}},
		options.UpdateOne().SetCollation(r.simple))
	if err == nil && result.MatchedCount > 0 {
		r.ring(group, number, end.Next)
	}
	return wrap(ctx, "end term", r.refused(r.terms, err))
}
