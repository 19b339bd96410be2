package mongodb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"

	"github.com/understudy-go/understudy/registry/finding"
)

// privileges are what the server lets a user do. Nil: it does not say, or asks
// nobody for a name.
type privileges []struct {
	Resource struct {
		DB         string `bson:"db"`
		Collection string `bson:"collection"`
		Any        bool   `bson:"anyResource"`
		Cluster    bool   `bson:"cluster"`
	} `bson:"resource"`
	Actions []string `bson:"actions"`
}

// privileges asks for those of this connection's user.
func (r *Registry) privileges(ctx context.Context) privileges {
	var status struct {
		AuthInfo struct {
			Users      []bson.Raw `bson:"authenticatedUsers"`
			Privileges privileges `bson:"authenticatedUserPrivileges"`
		} `bson:"authInfo"`
	}
	command := bson.D{{Key: "connectionStatus", Value: 1}, {Key: "showPrivileges", Value: true}}
	if r.nearest("admin").RunCommand(ctx, command, options.RunCmd().SetReadPreference(readpref.Nearest())).Decode(&status) != nil {
		return nil
	}
	if len(status.AuthInfo.Users) == 0 {
		return nil
	}
	return append(privileges{}, status.AuthInfo.Privileges...)
}

// nearest is a database of which any member may be asked.
func (r *Registry) nearest(name string) *mongo.Database {
	return r.client.Database(name, options.Database().SetReadPreference(readpref.Nearest()))
}

// peekNearest is peek at any member.
func (r *Registry) peekNearest(ctx context.Context) error {
	err := r.nearest(r.terms.Database().Name()).Collection("terms").FindOne(ctx, bson.M{"_id": "probe"}).Err()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil
	}
	return err
}

// missing are those of the actions that are not granted for a collection.
func (p privileges) missing(db, collection string, actions ...string) (lacking []string) {
	if p == nil {
		return nil
	}
	for _, action := range actions {
		granted := false
		for _, g := range p {
			is := g.Resource
			granted = granted || slices.Contains(g.Actions, action) && (is.Any ||
				!is.Cluster && (is.DB == db || is.DB == "") && (is.Collection == collection || is.Collection == ""))
		}
		if !granted {
			lacking = append(lacking, action)
		}
	}
	return lacking
}

// rights sees whether this user may do all that an instance does. A probe
// cannot tell: an insert would leave something behind.
func (c *checker) rights(context.Context) bool {
	if c.privileges == nil {
		return true
	}
	needs := map[string][]string{"instances": {"find", "insert", "update", "remove"}, "terms": {"find", "insert", "update"}}
	var lacking []string
	for _, name := range []string{"instances", "terms"} {
		if actions := c.privileges.missing(c.t.database, name, needs[name]...); len(actions) > 0 {
			lacking = append(lacking, strings.Join(actions, ", ")+" in "+name)
		}
	}
	if len(lacking) > 0 {
		c.usable = nil // a trial would say the same
		c.fail("rights", fmt.Errorf("%s lacks: %s", c.t.user(), strings.Join(lacking, "; ")),
			fmt.Sprintf("grant it the role readWrite in the database %s", c.t.database))
		return true
	}
	c.ok("rights", "this user may read and write instances and terms")
	return true
}

// censusLimit is the most records of a kind that are looked at, newest first.
const censusLimit = 20_000

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
	if hasCode(err, codeUnauthorized) {
		c.fail("schema", fmt.Errorf("%s must not read the database %q", c.t.user(), c.t.database), "grant it the role readWrite there")
		return true
	}
	if err != nil {
		c.explain(ctx, "schema", err)
		return true
	}
	c.findings = append(c.findings, census.Finding())
	return true
}

func (c *checker) index(ctx context.Context) bool {
	const name = "index"
	list, err := c.r.instances.Indexes().ListSpecifications(ctx)
	switch {
	case hasCode(err, codeUnauthorized):
		c.warn(name, "this user must not see whether there is one", "grant it the action listIndexes, or the role readWrite")
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
	if len(c.privileges.missing(c.t.database, "instances", "createIndex")) == 0 {
		c.ok(name, "there is none yet, the next instance that starts makes it")
		return true
	}
	c.warn(name, "there is none and this user must not make it: a takeover reads the whole group",
		"db.instances.createIndex({group: 1, priority: -1, _id: 1})")
	return true
}

func sameKeys(keys bson.Raw) bool {
	elements, err := keys.Elements()
	if err != nil || len(elements) != len(seniority) {
		return false
	}
	for i, e := range elements {
		n, ok := integer(e.Value())
		if !ok || e.Key() != seniority[i].Key || n != int64(seniority[i].Value.(int)) {
			return false
		}
	}
	return true
}
