package cli

import (
	"context"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
)

// Whoever may only read sees jobs, and cannot ask for anything. A user who has rights for
// the collections of instances and terms alone, as before there were jobs, has status as it
// was.
func TestJobs_OfUsersWithFewRights(t *testing.T) {
	set := mongotest.Start(t, 1, mongotest.Auth)
	reg, err := mongotest.OpenRegistry(t.Context(), set.URI())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reg.Close(context.Background()) })
	h := testRegistry{reg, set.URI()}.hold(t, store.Job{Name: "report"})
	if _, _, err := h.store.Submit(t.Context(), store.Run{Key: h.key("report", "1"), Trigger: store.ByPerson}, nil, 10); err != nil {
		t.Fatal(err)
	}
	set.Admin(t, "createUser", "reader", "pwd", "hunter2", "roles", []map[string]string{{"role": "read", "db": "understudy"}})
	var privileges []any
	for _, name := range []string{"instances", "terms"} {
		privileges = append(privileges, map[string]any{"resource": map[string]string{"db": "understudy", "collection": name}, "actions": []string{"find"}})
	}
	set.Admin(t, "createRole", "before", "privileges", privileges, "roles", []any{})
	set.Admin(t, "createUser", "before", "pwd", "hunter2", "roles", []string{"before"})
	as := func(user string) {
		_, rest, _ := strings.Cut(set.URI(), "@")
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY=mongodb://"+user+":hunter2@"+rest)
	}

	as("reader")
	want(t, exitcode.OK, []string{"status"}, "jobs: 1, 1 waiting\n")
	want(t, exitcode.OK, []string{"jobs"}, "report")
	want(t, exitcode.OK, []string{"runs", "show", "report/1"}, "waiting")
	for _, args := range []string{"jobs pause report", "runs cancel report/1", "trigger report"} {
		_, stderr := want(t, exitcode.Unavailable, strings.Fields(args), "readWrite")
		if strings.Contains(stderr, "hunter2") {
			t.Error(stderr)
		}
	}

	as("before")
	stdout, stderr := want(t, exitcode.OK, []string{"status"}, "1 active")
	if strings.Contains(stdout+stderr, "jobs") {
		t.Errorf("stdout %q, stderr %q", stdout, stderr)
	}
	want(t, exitcode.Unavailable, []string{"jobs"}, "readWrite")
}
