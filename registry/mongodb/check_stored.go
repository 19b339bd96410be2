package mongodb

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongoconn"
	"github.com/understudy-go/understudy/internal/mongofields"
	"github.com/understudy-go/understudy/registry/finding"
)

// censusLimit bounds how many records of a kind a check reads: the newest.
const censusLimit = 20_000

// records reports how many records there are, and whether they can be read.
func (c *checker) records(ctx context.Context) bool {
	var census finding.Census
	newest := options.Find().SetSort(bson.M{"_id": -1}).SetLimit(censusLimit)
	err := each(ctx, c.r.instances, bson.D{}, newest, func(raw bson.Raw) error {
		_, bad := decodeInstance(raw)
		census.Instance(bad)
		if raw.Lookup("schema").Type == 0 {
			census.Foreign()
		}
		return nil
	})
	if err == nil {
		err = each(ctx, c.r.terms, bson.D{}, newest, func(raw bson.Raw) error {
			_, bad := decodeTerm(raw)
			census.Term(bad)
			if raw.Lookup("schema").Type == 0 {
				census.Foreign()
			}
			return nil
		})
	}
	if mongoconn.Unauthorized(err) {
		c.fail("schema", fmt.Errorf("%s is not allowed to read the database %q", c.r.conn.User(), c.r.database()), "grant it the role readWrite there")
		return true
	}
	if err != nil {
		c.explain(ctx, "schema", err)
		return true
	}
	c.findings = append(c.findings, census.Finding())
	return true
}

// index reports whether the index of the instances is there.
func (c *checker) index(ctx context.Context) bool {
	const name = "index"
	list, err := c.r.instances.Indexes().ListSpecifications(ctx)
	switch {
	case mongoconn.Unauthorized(err):
		c.warn(name, "this user is not allowed to see whether there is one", "grant it the action listIndexes, or the role readWrite")
		return true
	case err != nil:
		c.explain(ctx, name, err)
		return true
	}
	for _, found := range list {
		if sameKeys(found.KeysDocument) {
			c.ok(name, "seniority (group, priority, _id)")
			return true
		}
	}
	if len(c.privileges.missing(c.r.database(), "instances", "createIndex")) == 0 {
		c.ok(name, "there is none yet, the next instance that starts makes it")
		return true
	}
	c.warn(name, "there is none, and this user is not allowed to make it, so a takeover reads the whole group",
		"db.instances.createIndex({group: 1, priority: -1, _id: 1})")
	return true
}

// sameKeys reports whether an index has the keys of seniority.
func sameKeys(keys bson.Raw) bool {
	elements, err := keys.Elements()
	if err != nil || len(elements) != len(seniority) {
		return false
	}
	for i, e := range elements {
		n, ok := mongofields.Integer(e.Value())
		if !ok || e.Key() != seniority[i].Key || n != int64(seniority[i].Value.(int)) {
			return false
		}
	}
	return true
}
