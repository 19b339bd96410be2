package mongodb_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/finding"
	"github.com/understudy-go/understudy/registry/mongodb"
)

func TestOpen_SaysWhatTheUserMustNotDo(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1, mongotest.Auth)
	right := set.URI()
	r := open(t, right)
	register(t, r, "g")

	set.Admin(t, "createUser", "reader", "pwd", "hunter2", "roles", []map[string]string{{"role": "read", "db": "understudy"}})
	set.Admin(t, "createUser", "narrow", "pwd", "hunter2", "roles", []map[string]string{{"role": "readWrite", "db": "elsewhere"}})
	set.Admin(t, "createRole", "minimal", "privileges", []any{map[string]any{
		"resource": map[string]string{"db": "understudy", "collection": ""},
		"actions":  []string{"find", "insert", "update", "remove"},
	}}, "roles", []any{})
	set.Admin(t, "createRole", "updater", "privileges", []any{map[string]any{
		"resource": map[string]string{"db": "understudy", "collection": ""}, "actions": []string{"find", "update"},
	}}, "roles", []any{})
	set.Admin(t, "createUser", "updater", "pwd", "hunter2", "roles", []string{"updater"})
	set.Admin(t, "createUser", "nothing", "pwd", "hunter2", "roles", []string{})
	set.Admin(t, "createUser", "minimal", "pwd", "hunter2", "roles", []string{"minimal"})

	as := func(user, password string) string {
		_, rest, _ := strings.Cut(right, "@")
		return "mongodb://" + user + ":" + password + "@" + rest
	}
	for _, tt := range []struct{ name, uri, want string }{
		{"wrong password", as("reader", "hunter%32x"), "wrong user name or password"},
		{"unknown user", as("nobody", "hunter2"), "wrong user name or password"},
		{"wrong database", strings.Replace(as("reader", "hunter2"), "authSource=admin", "authSource=other", 1), `the database "other"`},
		{"none", "mongodb://" + set.Host(0) + "/?directConnection=true", "wants a user name and a password"},
		{"reader", as("reader", "hunter2"), "readWrite"},
		{"of another database", as("narrow", "hunter2"), "readWrite"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := refused(t, tt.uri, set.Host(0))
			if !strings.Contains(err.Error(), tt.want) || errors.Is(err, mongodb.ErrUnreachable) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}

	t.Run("a reader who only reads", func(t *testing.T) {
		begin(t, r, "read", 1, register(t, r, "read").ID)
		reader, err := mongodb.Open(t.Context(), as("reader", "hunter2"), mongodb.Options{Access: registry.Look})
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close(context.Background())
		if v, err := reader.View(t.Context(), "read"); err != nil || v.Number() != 1 || v.Holder == nil {
			t.Errorf("View: %+v, %v", v, err)
		}
		if _, err := reader.Info(t.Context()); err != nil {
			t.Errorf("Info: %v", err)
		}
		if _, err := reader.Groups(t.Context()); err != nil {
			t.Errorf("Groups: %v", err)
		}
		_, err = mongodb.Open(t.Context(), as("reader", "hunter2"), mongodb.Options{Access: registry.Ask})
		if err == nil || !strings.Contains(err.Error(), "grant it the role readWrite there") || !strings.HasSuffix(err.Error(), "not authorized on understudy") {
			t.Errorf("Open to ask: %v, want advice and a short refusal", err)
		}
		_, err = mongodb.Open(t.Context(), as("narrow", "hunter2"), mongodb.Options{Access: registry.Look})
		if err == nil || !strings.Contains(err.Error(), "grant it the role read there") {
			t.Errorf("Open of another database: %v", err)
		}
	})

	t.Run("check", func(t *testing.T) {
		for _, tt := range []struct {
			name, uri string
			want      map[string]finding.Mark
		}{
			{"root", right, map[string]finding.Mark{"authenticated": fine, "rights": fine, "watch": fine}},
			{"wrong password", as("reader", "hunter%32x"), map[string]finding.Mark{"reachable": fine, "authenticated": fault}},
			{"no user", "mongodb://" + set.Host(0) + "/?directConnection=true", map[string]finding.Mark{"reachable": fine, "authenticated": fault}},
			{"reader", as("reader", "hunter2"), map[string]finding.Mark{"authenticated": fine, "writable": fault, "rights": fault, "schema": fine}},
			{"of another database", as("narrow", "hunter2"), map[string]finding.Mark{"authenticated": fine, "writable": fault, "rights": fault, "schema": fault}},
			{"minimal", as("minimal", "hunter2"), map[string]finding.Mark{"rights": fine, "majority": fine, "index": warning, "watch": warning}},
			{"nobody", as("nothing", "hunter2"), map[string]finding.Mark{"authenticated": fine, "writable": fault, "rights": fault, "schema": fault, "index": warning, "watch": warning}},
			{"one who may not insert", as("updater", "hunter2"), map[string]finding.Mark{"writable": fine, "rights": fault, "index": warning, "watch": warning}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				found := checked(t, tt.uri)
				wantMarks(t, found, tt.want)
				if tt.name == "one who may not insert" && !strings.Contains(found["rights"].Detail, "lacks: insert, remove in instances; insert in terms") {
					t.Errorf("rights: %s", found["rights"].Detail)
				}
			})
		}
	})

	t.Run("one who may not make an index or watch", func(t *testing.T) {
		r := open(t, as("minimal", "hunter2"))
		in := register(t, r, "minimal")
		begin(t, r, "minimal", 1, in.ID)
		if _, err := r.Watch(t.Context(), "minimal"); err == nil || !strings.Contains(err.Error(), "cannot watch") {
			t.Errorf("Watch: %v, want ErrNoWatch", err)
		}
	})
}
