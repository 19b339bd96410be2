package sqlitestore_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// A rule of another program that keeps a change from being made is a refusal: a claim that
// was not stored must not be acted upon.
func TestChanges_RulesOfOthersAreRefusals(t *testing.T) {
	const ignore = ` BEGIN SELECT RAISE(IGNORE); END`
	type part struct {
		jobs            store.Store
		h               store.Holder
		running, failed store.Run
	}
	calls := map[string]func(ctx context.Context, p part) error{
		"Claim": func(ctx context.Context, p part) error {
			_, err := p.jobs.Claim(ctx, p.h, []store.Run{newRun("2")})
			return err
		},
		"Update": func(ctx context.Context, p part) error { return finish(ctx, p.jobs, p.h, p.running) },
		"SetProgress": func(ctx context.Context, p part) error {
			_, err := p.jobs.SetProgress(ctx, p.h, p.running.Key, 1, store.Progress{Percent: 5, At: time.Now()})
			return err
		},
		"Cancel": func(ctx context.Context, p part) error {
			_, err := p.jobs.Cancel(ctx, p.running.Key, "me", "")
			return err
		},
		"Retry": func(ctx context.Context, p part) error { _, err := p.jobs.Retry(ctx, p.failed.Key, "me"); return err },
		"Submit": func(ctx context.Context, p part) error {
			_, _, err := p.jobs.Submit(ctx, store.Run{Key: store.Key{Group: "g", Job: "report", Run: "3"}}, []byte("payload"), 10)
			return err
		},
		"SaveJobs": func(ctx context.Context, p part) error {
			return p.jobs.SaveJobs(ctx, p.h, []store.Job{{Group: "g", Name: "report", Revision: 2}})
		},
		"Pause": func(ctx context.Context, p part) error {
			_, err := p.jobs.Pause(ctx, "g", "report", "me", "")
			return err
		},
		"Seal": func(ctx context.Context, p part) error { _, err := p.jobs.Seal(ctx, p.h); return err },
		"SaveCheckpoint": func(ctx context.Context, p part) error {
			return p.jobs.SaveCheckpoint(ctx, p.h, p.running.Key, 1, []byte("x"))
		},
		"AppendChunk": func(ctx context.Context, p part) error {
			return p.jobs.AppendChunk(ctx, p.h, p.running.Key, 1, 0, 0, []byte("x"))
		},
		"Prune": func(ctx context.Context, p part) error {
			_, err := p.jobs.Prune(ctx, p.h, "report", store.Prunable{Before: time.Now().Add(time.Hour), FailedBefore: time.Now().Add(time.Hour), Keep: 0}, 10)
			return err
		},
	}
	for _, tt := range []struct{ call, rule, says string }{
		{"Claim", `CREATE TRIGGER t BEFORE INSERT ON runs` + ignore, `trigger "t" of runs`},
		{"Claim", `CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM runs WHERE run = new.run; END`, `trigger "t" of runs`},
		{"Claim", `CREATE UNIQUE INDEX one ON runs (job, state)`, `index "one" of runs`},
		{"Update", `CREATE TRIGGER t BEFORE UPDATE ON runs` + ignore, `trigger "t" of runs`},
		{"SetProgress", `CREATE TRIGGER t BEFORE UPDATE ON runs` + ignore, `trigger "t" of runs`},
		{"Cancel", `CREATE TRIGGER t BEFORE UPDATE ON runs` + ignore, `trigger "t" of runs`},
		{"Retry", `CREATE TRIGGER t BEFORE UPDATE ON runs` + ignore, `trigger "t" of runs`},
		{"Submit", `CREATE TRIGGER t BEFORE INSERT ON runs` + ignore, `trigger "t" of runs`},
		{"Submit", `CREATE TRIGGER t BEFORE INSERT ON blobs` + ignore, `trigger "t" of blobs`},
		{"SaveJobs", `CREATE TRIGGER t BEFORE UPDATE ON jobs` + ignore, `trigger "t" of jobs`},
		{"Pause", `CREATE TRIGGER t BEFORE UPDATE ON jobs BEGIN SELECT RAISE(ABORT, 'not today'); END`, `not today`},
		{"Pause", `CREATE TRIGGER t BEFORE UPDATE ON jobs` + ignore, `trigger "t" of jobs`},
		{"Seal", `UPDATE jobs SET term = 1; CREATE TRIGGER t BEFORE UPDATE ON jobs` + ignore, `trigger "t" of jobs`},
		{"SaveCheckpoint", `CREATE TRIGGER t BEFORE INSERT ON blobs` + ignore, `trigger "t" of blobs`},
		{"AppendChunk", `CREATE TRIGGER t BEFORE INSERT ON chunks` + ignore, `trigger "t" of chunks`},
		{"Prune", `CREATE TRIGGER t BEFORE DELETE ON runs` + ignore, `trigger "t" of runs`},
	} {
		t.Run(tt.call, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "registry.db")
			r := open(t, path, registry.Join)
			h := hold(t, r, 2)
			p := part{r.Jobs(), h, newRun("running"), newRun("failed")}
			p.failed.Slot, p.failed.State, p.failed.Open, p.failed.EndedAt = time.Time{}, store.Failed, false, p.failed.At
			if _, err := p.jobs.Claim(t.Context(), h, []store.Run{p.running, p.failed}); err != nil {
				t.Fatal(err)
			}
			if err := p.jobs.SaveJobs(t.Context(), h, []store.Job{{Group: "g", Name: "report", Revision: 1}}); err != nil {
				t.Fatal(err)
			}
			testkit.SQL(t, path, tt.rule)
			err := calls[tt.call](t.Context(), p)
			if !errors.Is(err, registry.ErrRefused) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%s with %s: %v; want ErrRefused and %q", tt.call, tt.rule, err, tt.says)
			}
			testkit.SQL(t, path, `DROP TRIGGER IF EXISTS t; DROP INDEX IF EXISTS one`)
			if err := calls[tt.call](t.Context(), p); err != nil {
				t.Errorf("%s without the rule: %v", tt.call, err)
			}
		})
	}
}
