package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/finding"
)

// checkTimeout bounds each step of a check.
const checkTimeout = 5 * time.Second

// Check checks the file at path, or the place where it would be, and returns a
// finding about each thing that instances need. It does what an instance does at its
// start in a transaction that it rolls back, so it leaves nothing behind. A disk that hangs
// costs 5 seconds for each step. Of the options, only MakeDirectory counts.
func Check(ctx context.Context, path string, o Options) []finding.Finding {
	list := checked(ctx, "file", func(context.Context) []finding.Finding {
		return append([]finding.Finding{checkPath(path, o.MakeDirectory)}, checkDirectory(path)...)
	})
	if info, err := os.Stat(path); list[0].Mark != finding.MarkOK || err != nil || info.Size() == 0 {
		return list
	}
	var r *Registry
	opened := checked(ctx, "database", func(ctx context.Context) []finding.Finding {
		var err error
		if r, err = Open(ctx, path, Options{Access: registry.Look, OrphanAfter: time.Minute}); err != nil {
			return []finding.Finding{finding.Error("database", err, "")}
		}
		return nil
	})
	if list = append(list, opened...); len(opened) > 0 {
		return list
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = r.Close(ctx)
	}()
	step := func(name string, check func(ctx context.Context) []finding.Finding) (found []finding.Finding) {
		found = checked(ctx, name, check)
		list = append(list, found...)
		return found
	}
	one := func(name string, check func(ctx context.Context) finding.Finding) finding.Finding {
		return step(name, func(ctx context.Context) []finding.Finding { return []finding.Finding{check(ctx)} })[0]
	}
	one("database", r.checkDatabase)
	for _, f := range step("tables", r.checkTables) {
		if errors.Is(f.Err, errNoTable) {
			return list
		}
	}
	writable := one("writable", r.checkWriting)
	one("schema", r.checkRecords)
	if writable.Mark == finding.MarkOK {
		step("trial", r.checkTrial)
	}
	one("index", r.checkIndex)
	one("watch", r.checkWatch)
	return list
}

// checked runs one step. A step that hangs is left behind.
func checked(ctx context.Context, name string, step func(ctx context.Context) []finding.Finding) []finding.Finding {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	done := make(chan []finding.Finding, 1)
	go func() { done <- step(ctx) }()
	select {
	case list := <-done:
		return list
	case <-ctx.Done():
	}
	select {
	case list := <-done: // a step that notices the end of ctx knows more
		return list
	case <-time.After(100 * time.Millisecond):
		return []finding.Finding{finding.Error(name, fmt.Errorf("no answer within %v: %w", checkTimeout, ctx.Err()), "find out whether the disk answers")}
	}
}

// checkDatabase has SQLite check the file.
func (r *Registry) checkDatabase(ctx context.Context) finding.Finding {
	const name = "database"
	mode, err := r.file.Examine(ctx)
	switch {
	case err != nil:
		return problem(name, err)
	case mode == "":
		return finding.OK(name, "intact, no process has it open")
	case mode != "wal":
		return finding.OK(name, "intact, the first instance turns its write-ahead log on (journal mode %s)", mode)
	}
	return finding.OK(name, "intact, with a write-ahead log")
}

// checkWriting takes the lock that every write takes, and writes nothing.
func (r *Registry) checkWriting(ctx context.Context) finding.Finding {
	const name = "writable"
	begun := time.Now()
	err := r.file.TryWriteLock(ctx)
	took := time.Since(begun)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return finding.Error(name, fmt.Errorf("the lock for writing was not free within %v: %w", took.Round(time.Millisecond), err),
			"find out whether the process that has it is frozen, or is another program in a transaction")
	case err != nil:
		return problem(name, err)
	}
	return finding.OK(name, "the lock for writing was free after %v", took.Round(10*time.Microsecond))
}

// checkRecords reads all records.
func (r *Registry) checkRecords(ctx context.Context) finding.Finding {
	census, err := reading(ctx, r, func(c *conn) (n finding.Census, err error) {
		err = c.eachInstance(func(row instanceRow) error {
			_, bad := row.decode()
			n.Instance(bad)
			return ctx.Err()
		}, "")
		if err != nil {
			return n, err
		}
		err = c.eachTerm(func(row termRow) error {
			_, bad := row.decode()
			n.Term(bad)
			return ctx.Err()
		}, "")
		return n, err
	})
	if err != nil {
		return finding.Error("schema", err, "")
	}
	return census.Finding()
}

// checkIndex checks whether the index of [Registry.Candidate] is there.
func (r *Registry) checkIndex(ctx context.Context) finding.Finding {
	found, err := reading(ctx, r, func(c *conn) (found bool, err error) {
		err = c.Scan(`SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND name = 'seniority'`, &found)
		return found, err
	})
	switch {
	case err != nil:
		return finding.Error("index", err, "")
	case !found:
		return finding.Warning("index", "seniority is missing, so a takeover reads the whole group",
			`CREATE INDEX seniority ON instances ("group", priority DESC, id)`)
	}
	return finding.OK("index", "seniority")
}

// checkWatch checks whether changes are noticed at once. The file for notices is made
// by the first instance.
func (r *Registry) checkWatch(ctx context.Context) finding.Finding {
	const name = "watch"
	if _, err := os.Stat(r.file.NoticePath()); errors.Is(err, fs.ErrNotExist) {
		return finding.OK(name, "the first instance makes %s", r.file.NoticePath())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if _, err := r.Watch(ctx, ""); err != nil {
		return finding.Warning(name, err.Error()+": instances read once per interval instead",
			"find out whether this user may read the file, and how many inotify instances it may have")
	}
	return finding.OK(name, "changes are noticed at once")
}
