package api

import (
	"context"
	"net/http"
	"testing"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
)

// The store's own tests hold both backends to one contract. This is the way of one run
// through the API on the other one.
func TestMongoDB_ARunFromItsTriggerToItsOutput(t *testing.T) {
	t.Parallel()
	r, err := mongotest.OpenRegistry(t.Context(), mongotest.Shared(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	f := serve(t, r)
	a := f.want(http.StatusAccepted, http.MethodPost, "/jobs/report/runs", body("payload"), header("Idempotency-Key", "a/b"))
	f.want(http.StatusOK, http.MethodPost, "/jobs/report/runs", body("payload"), header("Idempotency-Key", "a/b"))
	f.want(http.StatusConflict, http.MethodPost, "/jobs/report/runs", body("another"), header("Idempotency-Key", "a/b"))
	k, path := f.key(a), a.header.Get("Location")
	c := f.follow(f.server.URL, path+"/output")
	run := f.start(k)
	f.chunk(run, 0, 0, "hello ")
	c.until("hello ")
	f.end(run, store.Failed, store.Output{Head: []byte("hello world\n"), Bytes: 12})
	if got := c.end(); got != "hello world\n" {
		t.Errorf("the client received %q", got)
	}
	list := decoded[view.Jobs](t, f.want(http.StatusOK, http.MethodGet, "/jobs"))
	if len(list.Jobs) != 3 || list.Jobs[2].Last == nil || list.Jobs[2].Last.ID != "report/k:a/b" || list.Jobs[2].Streak != 1 {
		t.Errorf("the jobs are %+v", list)
	}
	page := decoded[view.Runs](t, f.want(http.StatusOK, http.MethodGet, "/jobs/report/runs?status=failed"))
	if len(page.Runs) != 1 || page.Runs[0].Output != (view.Output{Bytes: 12}) {
		t.Errorf("the failed runs are %+v", page)
	}
	f.want(http.StatusAccepted, http.MethodPost, path+"/retry")
	f.want(http.StatusOK, http.MethodPost, path+"/cancel?why=enough")
	f.want(http.StatusOK, http.MethodPost, "/jobs/report/pause")
	f.want(http.StatusOK, http.MethodPost, "/jobs/report/resume")
}
