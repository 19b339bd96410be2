package mongodb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongoconn"
	"github.com/understudy-go/understudy/internal/mongofields"
	"github.com/understudy-go/understudy/registry"
)

// Register implements [registry.Registry].
//
// It is an upsert whose filter matches no record at all, so that it always inserts:
// unlike an insert it can store the server's time. The unique _id refuses a UUID that
// has a record. This decides no race, because no other process uses the same UUID.
func (r *Registry) Register(ctx context.Context, in registry.Instance) (registry.Ack, error) {
	fail := func(err error) (registry.Ack, error) { return registry.Ack{}, wrap(ctx, "register", err) }
	if err := r.mayWrite(); err != nil {
		return fail(err)
	}
	in.Schema, in.Beat, in.Heartbeat = registry.Schema, 0, time.Now()
	if err := in.Check(); err != nil {
		return fail(err)
	}
	id := mongofields.Binary(in.ID)
	raw, err := r.instances.FindOneAndUpdate(ctx,
		bson.M{"_id": id, "$nor": bson.A{bson.M{"_id": id}}},
		bson.M{
			"$set": bson.M{
				"group": in.Group, "host": in.Host, "pid": int64(in.PID), "version": in.Version,
				"beat": int64(0), "role": in.Role, "term": in.Term, "candidate": in.Candidate,
				"interval": mongofields.Milliseconds(in.Interval), "orphanAfter": mongofields.Milliseconds(in.OrphanAfter),
				"priority": int64(in.Priority), "command": in.Command, "schema": int64(registry.Schema),
			},
			"$currentDate": bson.M{"startedAt": true, "heartbeat": true},
		},
		options.FindOneAndUpdate().SetUpsert(true).SetReturnDocument(options.After).SetProjection(ackOnly),
	).Raw()
	if mongoconn.DuplicateID(err) {
		return fail(fmt.Errorf("%w: %s", registry.ErrRegistered, in.ID))
	}
	if err != nil {
		return fail(r.refused(r.instances, err))
	}
	return r.ack(ctx, "register", raw)
}

var ackOnly = bson.M{"heartbeat": 1, "listen": 1}

// ack takes the server's time and the mark from the answer to a write that stored the time.
func (r *Registry) ack(ctx context.Context, what string, raw bson.Raw) (registry.Ack, error) {
	f := fieldsOf(raw)
	at, ok := f.Date("heartbeat")
	if !ok {
		return registry.Ack{}, wrap(ctx, what, f.corrupt("heartbeat", "a date"))
	}
	r.clock.set(at)
	listen, _ := f.Integer("listen")
	return registry.Ack{At: at, Listen: listen}, nil
}

// Beat implements [registry.Registry]. It never creates a record, and it does not
// change one that it does not understand.
func (r *Registry) Beat(ctx context.Context, id uuid.UUID, s registry.Status) (registry.Ack, error) {
	if err := r.mayWrite(); err != nil {
		return registry.Ack{}, wrap(ctx, "beat", err)
	}
	raw, err := r.instances.FindOneAndUpdate(ctx,
		bson.M{
			"_id":    mongofields.Binary(id),
			"beat":   bson.M{"$type": whole, "$gte": 0, "$lt": int64(math.MaxInt64)},
			"schema": bson.M{"$gte": 1, "$lte": registry.Schema},
		},
		bson.M{
			"$inc":         bson.M{"beat": int64(1)},
			"$set":         bson.M{"role": s.Role, "term": s.Term, "candidate": s.Candidate},
			"$currentDate": bson.M{"heartbeat": true},
		},
		options.FindOneAndUpdate().SetReturnDocument(options.After).SetProjection(ackOnly),
	).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return registry.Ack{}, wrap(ctx, "beat", r.whyUnbeaten(ctx, id))
	}
	if err != nil {
		return registry.Ack{}, wrap(ctx, "beat", r.refused(r.instances, err))
	}
	return r.ack(ctx, "beat", raw)
}

// Mark implements [registry.Registry]. An earlier version leaves the field as it is.
func (r *Registry) Mark(ctx context.Context, id uuid.UUID, term int64) error {
	if err := r.mayWrite(); err != nil {
		return wrap(ctx, "mark", err)
	}
	_, err := r.instances.UpdateOne(ctx,
		bson.M{"_id": mongofields.Binary(id), "schema": bson.M{"$gte": 1, "$lte": registry.Schema}},
		bson.M{"$set": bson.M{"listen": term}})
	return wrap(ctx, "mark", r.refused(r.instances, err))
}

// whyUnbeaten says why a heartbeat matched no record: there is none, or it makes no
// sense.
func (r *Registry) whyUnbeaten(ctx context.Context, id uuid.UUID) error {
	in, err := r.instance(ctx, id)
	switch {
	case err != nil:
		return err
	case in == nil:
		return fmt.Errorf("%w: %s", registry.ErrNotRegistered, id)
	case in.Beat == math.MaxInt64:
		return fmt.Errorf("%w: instance %s: beat is %d, which can't be counted up", registry.ErrCorrupt, id, in.Beat)
	}
	// A majority may not have its deletion yet.
	return fmt.Errorf("instance %s had no record for the heartbeat, and has one for the read after it", id)
}

// Unregister implements [registry.Registry]. It rings if the active instance has marked the
// record, since somebody else comes next from now on.
func (r *Registry) Unregister(ctx context.Context, id uuid.UUID) error {
	if err := r.mayWrite(); err != nil {
		return wrap(ctx, "unregister", err)
	}
	raw, err := r.instances.FindOneAndDelete(ctx, bson.M{"_id": mongofields.Binary(id)},
		options.FindOneAndDelete().SetProjection(bson.M{"group": 1, "listen": 1, "role": 1})).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil
	}
	if err != nil {
		return wrap(ctx, "unregister", r.refused(r.instances, err))
	}
	if group, ok := leftPlace(raw); ok {
		r.ring(group, 0, uuid.Nil)
	}
	return nil
}

// leftPlace returns the group of a record that was deleted, and whether the record had a mark.
// The record of an active instance counts as one without: the end of its term has rung.
func leftPlace(raw bson.Raw) (group string, ok bool) {
	group, ok = mongofields.Text(raw.Lookup("group"))
	role, _ := mongofields.Text(raw.Lookup("role"))
	mark, _ := fieldsOf(raw).Integer("listen")
	return group, ok && mark > 0 && role != string(registry.Active)
}

// DeleteOrphan implements [registry.Registry].
func (r *Registry) DeleteOrphan(ctx context.Context, id uuid.UUID, beat int64) (bool, error) {
	if err := r.mayWrite(); err != nil {
		return false, wrap(ctx, "delete orphan", err)
	}
	filter := bson.M{"_id": mongofields.Binary(id), "beat": beat}
	if beat == registry.NoBeat {
		// Everything that Beat does not count up. An array is named by itself, because a
		// filter compares its elements.
		number := bson.M{"$type": whole, "$gte": 0}
		filter = bson.M{"_id": mongofields.Binary(id), "$or": bson.A{bson.M{"beat": bson.M{"$not": number}}, bson.M{"beat": bson.M{"$type": "array"}}}}
	}
	result, err := r.instances.DeleteOne(ctx, filter)
	if err != nil {
		return false, wrap(ctx, "delete orphan", r.refused(r.instances, err))
	}
	return result.DeletedCount == 1, nil
}

// read returns the instances that a filter selects. If some of them cannot be decoded,
// bad says why the last of those cannot be.
func (r *Registry) read(ctx context.Context, filter any, o *options.FindOptionsBuilder) (list []registry.Instance, bad, err error) {
	err = each(ctx, r.instances, filter, o.SetCollation(r.simple), func(raw bson.Raw) error {
		in, err := decodeInstance(raw)
		if err == nil {
			list = append(list, in)
		} else {
			bad = err
		}
		return nil
	})
	return list, bad, r.refused(r.instances, err)
}

// record returns one record as it is stored; nil if there is none.
func (r *Registry) record(ctx context.Context, id uuid.UUID) (bson.Raw, error) {
	raw, err := r.instances.FindOne(ctx, bson.M{"_id": mongofields.Binary(id)}).Raw()
	switch {
	case errors.Is(err, mongo.ErrNoDocuments):
		return nil, nil
	case err != nil:
		return nil, r.refused(r.instances, err)
	}
	return raw, nil
}

// instance returns one instance; nil if it has no record.
func (r *Registry) instance(ctx context.Context, id uuid.UUID) (*registry.Instance, error) {
	raw, err := r.record(ctx, id)
	if raw == nil {
		return nil, err
	}
	in, err := decodeInstance(raw)
	if err != nil {
		return nil, err
	}
	return &in, nil
}

// each calls f with every document that a query finds, until f returns an error.
func each(ctx context.Context, c *mongo.Collection, filter any, o options.Lister[options.FindOptions], f func(bson.Raw) error) error {
	cursor, err := c.Find(ctx, filter, o)
	if err != nil {
		return err
	}
	defer cursor.Close(ctx)
	for cursor.Next(ctx) {
		if err := f(cursor.Current); err != nil {
			return err
		}
	}
	return cursor.Err()
}
