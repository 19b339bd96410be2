package mongodb

import (
	"context"
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongoconn"
)

// another is the cure for a database that another program uses too.
const another = "name another database (UNDERSTUDY_DATABASE), for Understudy alone"

// collections reports whether the options and the indexes of the collections stand
// in the way of an instance. It notes which of them the trial may write to.
func (c *checker) collections(ctx context.Context) bool {
	const name = "collections"
	c.usable = map[string]bool{}
	db := c.r.terms.Database()
	list, err := db.ListCollectionSpecifications(ctx, bson.M{"name": bson.M{"$in": bson.A{"instances", "terms"}}})
	switch {
	case mongoconn.Unauthorized(err):
		c.warn(name, "this user is not allowed to see whether a validator, a collation or a TTL index is in the way",
			"grant it the actions listCollections and listIndexes, or the role readWrite")
		for _, one := range []*mongo.Collection{c.r.instances, c.r.terms} { // one with a record exists
			c.usable[one.Name()] = one.FindOne(ctx, bson.D{}, options.FindOne().SetProjection(bson.M{"_id": 1})).Err() == nil
		}
		return true
	case err != nil:
		c.explain(ctx, name, err)
		return true
	}
	c.listed = true
	before, views := len(c.findings), false
	for _, found := range list {
		if found.Type != "collection" {
			views = true
			c.fail(name, fmt.Errorf("%s in the database %s is a %s, which cannot be a registry", found.Name, c.r.database(), found.Type), another)
			continue
		}
		c.usable[found.Name] = c.fits(found)
		c.indexes(ctx, db.Collection(found.Name))
	}
	if len(c.findings) == before {
		switch len(list) {
		case 2:
			c.ok(name, "instances and terms in the database %s, and nothing hinders an instance", c.r.database())
		default:
			c.ok(name, "the next instance that starts makes what is missing in the database %s", c.r.database())
		}
	}
	return !views
}

// fits checks the options of a collection. It returns whether a trial in it makes
// sense and can be undone.
func (c *checker) fits(found mongo.CollectionSpecification) bool {
	const name = "collections"
	merges := false
	var o struct {
		Capped    bool     `bson:"capped"`
		Validator bson.Raw `bson:"validator"`
		Action    string   `bson:"validationAction"`
		Expire    any      `bson:"expireAfterSeconds"`
		Collation *struct {
			Locale    string `bson:"locale"`
			Strength  int    `bson:"strength"`
			Alternate string `bson:"alternate"`
		} `bson:"collation"`
	}
	if err := bson.Unmarshal(found.Options, &o); err != nil {
		c.warn(name, fmt.Sprintf("the options of %s cannot be read: %v", found.Name, err), another)
		return true
	}
	if o.Capped {
		c.fail(name, fmt.Errorf("%s is capped: the server deletes its oldest records, and the numbers of terms would be given out again", found.Name), another)
	}
	if o.Expire != nil {
		c.fail(name, fmt.Errorf("%s expires: the server deletes records by their age, and the numbers of terms would be given out again", found.Name), another)
	}
	if len(o.Validator) > 5 && o.Action != "warn" { // 5 bytes are an empty document
		c.warn(name, fmt.Sprintf("%s has a validator: the trial below shows whether it accepts what this version of Understudy writes; what the next version writes may be refused", found.Name),
			fmt.Sprintf(`db.runCommand({collMod: %q, validator: {}}), or %s`, found.Name, another))
	}
	if l := o.Collation; l != nil && l.Locale != "simple" {
		if merges = l.Strength < 3 || l.Alternate == "shifted"; merges {
			c.fail(name, fmt.Errorf("%s has a collation (locale %s, strength %d) in which different names are equal: the groups A and a, or a-b and ab, would be one group", found.Name, l.Locale, l.Strength), another)
		} else {
			c.warn(name, fmt.Sprintf("%s has a collation (locale %s, strength %d)", found.Name, l.Locale, l.Strength), another)
		}
	}
	return !o.Capped && !merges
}

// indexes checks whether an index of another program deletes or refuses records.
func (c *checker) indexes(ctx context.Context, of *mongo.Collection) {
	const name = "collections"
	var list []struct {
		Name   string   `bson:"name"`
		Key    bson.D   `bson:"key"`
		Unique bool     `bson:"unique"`
		Sparse bool     `bson:"sparse"`
		Part   bson.Raw `bson:"partialFilterExpression"`
		Expire any      `bson:"expireAfterSeconds"`
	}
	cursor, err := of.Indexes().List(ctx)
	if err == nil {
		err = cursor.All(ctx, &list)
	}
	switch {
	case mongoconn.Unauthorized(err):
		c.warn(name, "this user is not allowed to see the indexes of "+of.Name(), "grant it the action listIndexes, or the role readWrite")
	case err != nil:
		c.explain(ctx, name, err)
	}
	for _, index := range list {
		var keys []string
		byID := false
		for _, e := range index.Key {
			keys = append(keys, e.Key)
			byID = byID || e.Key == "_id"
		}
		about := fmt.Sprintf("the index %q of %s (%s)", index.Name, of.Name(), strings.Join(keys, ", "))
		drop := fmt.Sprintf("db.%s.dropIndex(%q) if no other program needs it; else %s", of.Name(), index.Name, another)
		if index.Expire != nil {
			why := "peers take over from an instance that works"
			if of.Name() == "terms" {
				why = "the numbers of terms are given out again"
			}
			c.fail(name, fmt.Errorf("%s is a TTL index: it deletes records, so that %s", about, why), drop)
		}
		if !index.Unique || byID {
			continue
		}
		if index.Sparse || index.Part != nil {
			c.warn(name, about+" is unique, so it may refuse a record", drop)
		} else {
			c.fail(name, fmt.Errorf("%s is unique: it refuses a second record with the same value", about), drop)
		}
	}
}
