package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/finding"
)

// checkTimeout bounds each step of a check.
const checkTimeout = 5 * time.Second

// checkRoom is how many bytes of a disk have to be free: a new registry's files.
const checkRoom = 128 << 10

// Check looks at the file at path, or at the place where it would be, and says
// of each thing that instances need whether it is there. What they do first it
// tries in a transaction that it rolls back: it leaves nothing behind. A disk that
// hangs costs 5 seconds. Of the options, MakeDirectory counts.
func Check(ctx context.Context, path string, o Options) []finding.Finding {
	list := checked(ctx, "file", func(context.Context) []finding.Finding {
		return append([]finding.Finding{checkFile(path, o.MakeDirectory)}, checkPlace(path)...)
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

// checked runs one step, which is left behind if it hangs.
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
	case list := <-done: // what knows its end may say more
		return list
	case <-time.After(100 * time.Millisecond):
		return []finding.Finding{finding.Error(name, fmt.Errorf("no answer within %v: %w", checkTimeout, ctx.Err()), "see whether the disk answers")}
	}
}

func checkFile(path string, makeDirectory bool) finding.Finding {
	info, err := os.Stat(path)
	if len(path) > longestPath {
		return finding.Error("file", fmt.Errorf("%w: %.40s… has %d bytes, SQLite takes %d", ErrPath, path, len(path), longestPath), "name a shorter path")
	}
	if errors.Is(err, fs.ErrNotExist) {
		switch _, link := os.Lstat(path); {
		case link == nil:
			return finding.Error("file", fmt.Errorf("%w: %s is a link to what is not there", ErrPath, path), "make the directory that it leads to, or correct it")
		case missingDir(path) && !makeDirectory:
			return finding.Error("file", fmt.Errorf("%w: %s: its directory is not there", ErrPath, path), "make it, or correct the path")
		case missingDir(path):
			return finding.OK("file", "%s is not there yet, nor is its directory: the first instance makes both", path)
		}
		return finding.OK("file", "%s is not there yet, the first instance makes it", path)
	}
	switch {
	case errors.Is(err, syscall.ENAMETOOLONG):
		return finding.Error("file", fmt.Errorf("%w: %w", ErrPath, err), "name a shorter path")
	case err != nil:
		return finding.Error("file", err, finding.OpenCure(err, "give this user the right to read it and its directory"))
	case !info.Mode().IsRegular():
		return finding.Error("file", fmt.Errorf("%w: %s is %s, not a file", ErrPath, path, kindOf(info.Mode())), "name a file, or one that is not there yet")
	}
	if err := refuseNames(path); err != nil {
		return finding.Error("file", err, "")
	}
	if info.Size() == 0 {
		return finding.OK("file", "%s is empty, the first instance fills it", path)
	}
	return finding.OK("file", "%s, %d bytes", path, info.Size())
}

// kindOf says what something is that is no file.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "something else"
}

func missingDir(path string) bool {
	_, err := os.Stat(filepath.Dir(path))
	return errors.Is(err, fs.ErrNotExist)
}

// checkPlace looks at the directory, where the database's other files are as
// well.
func checkPlace(path string) (list []finding.Finding) {
	dir := filepath.Dir(path)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		dir = filepath.Dir(real)
	}
	for {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	kind, err := networkKind(filepath.Join(dir, filepath.Base(path)))
	switch {
	case err != nil:
		list = append(list, finding.Error("local", fmt.Errorf("the file system of %s cannot be told: %w", dir, err), "name a file on a local disk"))
	case kind != "":
		list = append(list, finding.Error("local", fmt.Errorf("%s is on a network file system (%s), where two machines could both be active", dir, kind),
			"name a file on a local disk, or use MongoDB"))
	default:
		list = append(list, finding.OK("local", "%s is on a file system of this machine", dir))
	}
	f, err := os.CreateTemp(dir, ".understudy-check-*")
	if err == nil {
		gone := os.Remove(f.Name()) == nil // at once, in case that this process is killed; Windows cannot
		_, err = f.Write(make([]byte, checkRoom))
		err = errors.Join(err, f.Close())
		if !gone {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}
	if err != nil {
		return append(list, finding.Error("directory", err, finding.OpenCure(err, "give this user the right to write it and make room on its disk, or name a file in another")))
	}
	return append(list, finding.OK("directory", "files can be made in %s", dir))
}

// checkDatabase looks at what SQLite itself knows of the file.
func (r *Registry) checkDatabase(ctx context.Context) finding.Finding {
	const name = "database"
	mode, err := reading(ctx, r, func(c *conn) (mode string, err error) {
		var damage string
		if err := c.scan("PRAGMA quick_check(1)", &damage); err != nil {
			return "", err
		}
		if damage != "ok" {
			return "", fmt.Errorf("%w: the file is damaged: %.200q", registry.ErrCorrupt, damage)
		}
		if r.file.still { // then SQLite does not tell
			return "", nil
		}
		return mode, c.scan("PRAGMA journal_mode", &mode)
	})
	switch {
	case err != nil:
		return finding.Error(name, err, "stop all instances, keep a copy of it and of its -wal, and try sqlite3's .recover")
	case mode == "":
		return finding.OK(name, "intact, nobody has it open")
	case mode != "wal":
		return finding.OK(name, "intact, the first instance turns its write-ahead log on (journal mode %s)", mode)
	}
	return finding.OK(name, "intact, with a write-ahead log")
}

// locked calls f with a connection of its own that has the lock for writing, which f
// gives back.
func (r *Registry) locked(ctx context.Context, f func(c *conn) error) error {
	_, err := onFile(ctx, r, r.write, func() (none struct{}, err error) {
		c, err := newConn(ctx, location(r.path(), "mode=rw"))
		if err != nil {
			return none, err
		}
		defer func() { err = errors.Join(err, c.close()) }()
		if err := c.mayWrite(); err != nil {
			return none, err
		}
		if err := c.exec("BEGIN IMMEDIATE"); err != nil {
			return none, err
		}
		defer r.guard()()
		return none, f(c)
	})
	return err
}

// checkWriting takes the lock that every write takes, and writes nothing.
func (r *Registry) checkWriting(ctx context.Context) finding.Finding {
	begun := time.Now()
	err := r.locked(ctx, func(c *conn) error { return c.exec("ROLLBACK") })
	took := time.Since(begun)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return finding.Error("writable", fmt.Errorf("the lock for writing was not to be had within %v: %w", took.Round(time.Millisecond), err),
			"see whether who holds it is frozen, or is another program in a transaction")
	case err != nil:
		return finding.Error("writable", err, "")
	}
	return finding.OK("writable", "the lock for writing was there after %v", took.Round(10*time.Microsecond))
}

// checkRecords reads all of them.
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
		return n, c.eachTerm(func(row termRow) error {
			_, bad := row.decode()
			n.Term(bad)
			return ctx.Err()
		}, "")
	})
	if err != nil {
		return finding.Error("schema", err, "")
	}
	return census.Finding()
}

func (r *Registry) checkIndex(ctx context.Context) finding.Finding {
	found, err := reading(ctx, r, func(c *conn) (found bool, err error) {
		return found, c.scan(`SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND name = 'seniority'`, &found)
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

// checkWatch sees whether changes are told, by a file that instances make.
func (r *Registry) checkWatch(ctx context.Context) finding.Finding {
	if _, err := os.Stat(r.noticePath()); errors.Is(err, fs.ErrNotExist) {
		return finding.OK("watch", "the first instance makes %s", r.noticePath())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if _, err := r.Watch(ctx, ""); err != nil {
		return finding.Warning("watch", err.Error()+": instances look each interval instead",
			"see whether this user may read the file, and how many inotify instances it may have")
	}
	return finding.OK("watch", "changes are told at once")
}
