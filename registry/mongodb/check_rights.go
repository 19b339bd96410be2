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
)

// privileges are what the server lets a user do. They are nil if the server does not
// say it, or asks nobody for a name.
type privileges []struct {
	Resource struct {
		DB         string `bson:"db"`
		Collection string `bson:"collection"`
		Any        bool   `bson:"anyResource"`
		Cluster    bool   `bson:"cluster"`
	} `bson:"resource"`
	Actions []string `bson:"actions"`
}

// privileges asks the server what this connection's user may do.
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

// nearest returns a database that is read from any member.
func (r *Registry) nearest(name string) *mongo.Database {
	return r.conn.Database(name, options.Database().SetReadPreference(readpref.Nearest()))
}

// peekNearest reads nothing from any member, but it takes the right to read.
func (r *Registry) peekNearest(ctx context.Context) error {
	err := r.nearest(r.database()).Collection("terms").FindOne(ctx, bson.M{"_id": "probe"}).Err()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil
	}
	return err
}

// missing returns those of the actions that are not granted for a collection.
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

// rights reports whether this user may do all that an instance does. No write can
// find that out, because an insert would leave something behind.
func (c *checker) rights(context.Context) bool {
	if c.privileges == nil {
		return true
	}
	needs := map[string][]string{"instances": {"find", "insert", "update", "remove"}, "terms": {"find", "insert", "update"}}
	var lacking []string
	for _, name := range []string{"instances", "terms"} {
		if actions := c.privileges.missing(c.r.database(), name, needs[name]...); len(actions) > 0 {
			lacking = append(lacking, strings.Join(actions, ", ")+" in "+name)
		}
	}
	if len(lacking) > 0 {
		c.usable = nil // the trial would say the same
		c.fail("rights", fmt.Errorf("%s lacks: %s", c.r.conn.User(), strings.Join(lacking, "; ")),
			fmt.Sprintf("grant it the role readWrite in the database %s", c.r.database()))
		return true
	}
	c.ok("rights", "this user may read and write instances and terms")
	return true
}
