//go:build linux

package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/internal/testkit"
)

// refused runs the program, which must end with a code and exactly one line that says
// why. The line is plain text, or an error in the log if the log has begun. Lines of
// the log that are no errors do not matter.
func refused(t *testing.T, p *program, code int, env []string, want []string, prepare ...func(*exec.Cmd)) {
	t.Helper()
	got, stdout, stderr := p.outcome(env, []string{"--", "true"}, prepare...)
	if got != code || stdout != "" {
		t.Errorf("exit code %d, stdout %q, want %d and nothing; stderr:\n%s", got, stdout, code, stderr)
	}
	var problem strings.Builder
	for line := range strings.Lines(stderr) {
		var logged struct{ Level, Message string }
		switch err := json.Unmarshal([]byte(line), &logged); {
		case err != nil && strings.HasPrefix(line, "understudy: "):
			problem.WriteString(line)
		case err != nil:
			t.Errorf("neither a line of the log nor a message of understudy: %s", line)
		case logged.Level == "error":
			problem.WriteString(logged.Message + "\n")
		}
	}
	testkit.WantLine(t, problem.String(), want...)
	if strings.Contains(stderr, "goroutine ") {
		t.Errorf("it panicked:\n%s", stderr)
	}
}

func TestStart_WrongSettingsAre78(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	for _, tt := range []struct {
		entry string
		want  string
	}{
		{"UNDERSTUDY_REGISTRY=postgres://u:hunter2@h/db", "want mongodb://"},
		{"UNDERSTUDY_REGISTRY=mongodb://u:hunter2@", "host 1 of 1"},
		{"UNDERSTUDY_REGISTRY=mongodb://u:hunter2@h:99999", "UNDERSTUDY_REGISTRY="},
		{"UNDERSTUDY_REGISTRY=mongodb://u:hunter2@127.0.0.1/ops?connectTimeoutMS=abc", "no valid URI"},
		{"UNDERSTUDY_REGISTRY=/var/lib/registry.db", "want sqlite: before the path of a file"},
		{"UNDERSTUDY_REGISTRY=sqlite::memory:", "would all be active"},
		{"UNDERSTUDY_REGISTRY_FILE=/no/such/file", "want a file that can be read"},
		{"UNDERSTUDY_REGISTRY=", "UNDERSTUDY_REGISTRY is set but empty"},
		{"UNDERSTUDY_REGISTRY=sqlite:" + p.dir + "/r.db ", "UNDERSTUDY_REGISTRY: it ends with a space"},
		{"UNDERSTUDY_REGISTRY=\"mongodb://u:hunter2@h\"", `UNDERSTUDY_REGISTRY: it begins with a quote (")`},
		{"UNDERSTUDY_REGISTRY=sqlite:" + p.dir + "/no/such/r.db", "its directory does not exist"},
		{"UNDERSTUDY_REGISTRY=sqlite:$HOME/r.db", "it has a $ in it"},
		{"UNDERSTUDY_GROUP=a b", `UNDERSTUDY_GROUP="a b"`},
		{"UNDERSTUDY_GROUP=\x1b[31mred", `\x1b[31mred`},
		{"UNDERSTUDY_GROUP=größe", `UNDERSTUDY_GROUP=`},
		{"UNDERSTUDY_GROUP=" + strings.Repeat("g", 101), "want 1 to 100"},
		{"UNDERSTUDY_GROUP=../../etc$(reboot)", "UNDERSTUDY_GROUP="},
		{"UNDERSTUDY_ORPHAN_AFTER=5s", smallestT(t)},
	} {
		env := []string{tt.entry}
		if !strings.HasPrefix(tt.entry, "UNDERSTUDY_REGISTRY") { // in a container it would be a second mistake not to set it
			env = append(env, "UNDERSTUDY_REGISTRY=sqlite:"+filepath.Join(p.dir, "registry.db"))
		}
		refused(t, p, exitConfig, env, []string{tt.want})
	}
}

// smallestT returns what is said about the smallest T that the default I and G allow.
// It is found by trying.
func smallestT(t *testing.T) string {
	timing := enduring
	timing.Interval, timing.StopGrace = time.Second, 10*time.Second
	for timing.OrphanAfter = time.Second; timing.Check() != nil; timing.OrphanAfter += time.Millisecond {
		if timing.OrphanAfter > time.Minute {
			t.Fatal("not even a minute is enough")
		}
	}
	return "want " + timing.OrphanAfter.String() + " or more"
}

func TestStart_UnreachableMongoDBIs69(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	begun := time.Now()
	refused(t, p, exitUnavailable, []string{
		"UNDERSTUDY_REGISTRY=mongodb://app:hunter2@127.0.0.1:9/ops", "UNDERSTUDY_CONNECT_TIMEOUT=5s",
	}, []string{"no answer within 5s (UNDERSTUDY_CONNECT_TIMEOUT)", "127.0.0.1:9", "connection refused"})
	if took := time.Since(begun); took < 4*time.Second || took > 20*time.Second {
		t.Errorf("gave up after %v, want 5s", took)
	}
}

func TestStart_SIGTERMWhileConnectingStops(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	a := p.start("a", []string{"UNDERSTUDY_REGISTRY=mongodb://127.0.0.1:9"}, []string{"--", "sleep", "1000"})
	a.await("connecting to")
	begun := time.Now()
	a.signal(unix.SIGTERM)
	if code := a.exit(); code != 0 || time.Since(begun) > 10*time.Second {
		t.Errorf("exit code %d after %v", code, time.Since(begun))
	}
	testkit.Until(t, "no guard to be left", func() bool { return len(p.left()) == 0 })
}

// An instance may be started together with its MongoDB, as compose does. Then it waits
// for the server.
func TestStart_WaitsForMongoDB(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	set.Kill(t, 0)
	g := newGroup(t, place{uri: set.URI(), set: set}, enduring)
	a := g.join("a")
	sleep(3 * time.Second) // longer than one attempt
	a.await("connecting to")
	if !a.running() {
		t.Error("the instance ended")
	}
	set.Restart(t, 0)
	g.work(1)
	g.conclude()
}

func TestStart_WrongCredentialsAre69(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1, mongotest.Auth)
	p := newProgram(t)
	host := set.Host(0)
	refused(t, p, exitUnavailable, []string{"UNDERSTUDY_REGISTRY=mongodb://app:hunter2@" + host + "/ops?replicaSet=understudy"},
		[]string{"wrong user name or password"})
	refused(t, p, exitUnavailable, []string{"UNDERSTUDY_REGISTRY=mongodb://" + host + "/ops?replicaSet=understudy"},
		[]string{"the server wants a user name and a password"})

	// The right credentials work, and the work does not get them.
	g := newGroup(t, place{uri: set.URI()}, enduring)
	g.joinAll("a")
	for _, pid := range marked(g.mark + "\x00") {
		env, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if pid != g.members[0].cmd.Process.Pid && bytes.Contains(env, []byte("s3cret")) {
			t.Errorf("process %d of the work has the password in its environment", pid)
		}
	}
	g.conclude()
	if g.members[0].logged("s3cret") {
		t.Error("the password is in the log")
	}
}

func TestStart_UnusableFilesAreRefusedAndNotChanged(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	newer := func(path string) {
		at := place{uri: "sqlite:" + path, path: path}
		at.open(t)
		db := openFile(t, path)
		if _, err := db.Exec("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
			t.Fatal(err)
		}
	}
	foreign := func(path string) {
		if _, err := openFile(t, path).Exec("CREATE TABLE t (x)"); err != nil {
			t.Fatal(err)
		}
	}
	torn := func(path string) {
		newer(path)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := 100; i < len(data); i++ {
			data[i] = 0x5a
		}
		writeFile(t, path, data)
	}
	for _, tt := range []struct {
		name string
		make func(path string)
		code int
		want string
	}{
		{"text", func(path string) { writeFile(t, path, bytes.Repeat([]byte("no database\n"), 500)) }, exitUnavailable, "it is no SQLite database: name another file"},
		{"short", func(path string) { writeFile(t, path, []byte("x")) }, exitUnavailable, "it is no SQLite database"},
		{"foreign", foreign, exitUnavailable, "it is a database of another program"},
		{"newer", newer, exitUnavailable, "the file has schema 99, this program knows up to 1: upgrade it"},
		{"torn", torn, exitUnavailable, "the file is damaged"},
		{"directory", func(path string) { _ = os.Mkdir(path, 0o700) }, exitConfig, "is a directory"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "registry.db")
			tt.make(path)
			before := digest(path)
			refused(t, p, tt.code, []string{"UNDERSTUDY_REGISTRY=sqlite:" + path}, []string{tt.want, path})
			if digest(path) != before {
				t.Error("the file was changed")
			}
		})
	}
}

func TestStart_FileThatCannotBeWrittenIs69(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	dir, err := os.MkdirTemp(scratch, "")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "registry.db")
	onSQLiteAt := place{uri: "sqlite:" + path, path: path}
	onSQLiteAt.open(t)
	asNobody := func(cmd *exec.Cmd) {}
	if os.Geteuid() == 0 { // root writes through file modes
		for path, mode := range map[string]os.FileMode{scratch: 0o755, dir: 0o755, path: 0o644} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
		asNobody = func(cmd *exec.Cmd) {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		}
	} else if err := errors.Join(os.Chmod(path, 0o400), os.Chmod(dir, 0o500)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	refused(t, p, exitUnavailable, []string{"UNDERSTUDY_REGISTRY=sqlite:" + path}, []string{path, "give this user the right to write"}, asNobody)
	refused(t, p, exitUnavailable, []string{"UNDERSTUDY_REGISTRY=sqlite:" + dir + "/new.db"}, []string{"give this user the right to write"}, asNobody)
	if testkit.HasDefaultRegistry(t) {
		refused(t, p, exitUnavailable, []string{"XDG_STATE_HOME=" + dir + "/new"}, []string{"cannot be made"}, asNobody)
	}
}

func TestStart_ReadOnlyMountIs69(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	dir := t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	path := filepath.Join(dir, "registry.db")
	b := place{uri: "sqlite:" + path, path: path}.open(t)
	_ = b.Close(context.Background())
	// A process that another test is starting has the file open until its exec.
	testkit.Until(t, "the file system to become read-only", func() bool {
		err := unix.Mount("none", dir, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, "")
		if err != nil && !errors.Is(err, unix.EBUSY) {
			t.Fatal(err)
		}
		return err == nil
	})
	refused(t, p, exitUnavailable, []string{"UNDERSTUDY_REGISTRY=sqlite:" + path}, []string{path, "read-only"})
	refused(t, p, exitUnavailable, []string{"UNDERSTUDY_REGISTRY=sqlite:" + filepath.Join(dir, "other.db")}, []string{"read-only"})
}

// An instance that cannot read the latest term must not act on it.
func TestStart_TermOfANewerVersionIsLeftAlone(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newGroup(t, at, quick)
		g.joinAll("a")
		g.conclude()
		at.newerTerm(t)
		b := g.join("b")
		b.await("cannot read the group")
		sleep(quick.OrphanAfter / 3)
		b.signal(unix.SIGTERM)
		if code := b.exit(); code != 0 || b.logs("cannot read the group") != 1 || !b.logged("has schema 99, this program knows up to 1: upgrade it") {
			t.Errorf("exit code %d, want 0 and one clear line", code)
		}
		if b.logged("command started") {
			t.Error("it started the command")
		}
		g.check()
	})
}

// newerTerm changes term 1 so that a newer version seems to have written it.
func (at place) newerTerm(t *testing.T) {
	t.Helper()
	if at.path != "" {
		if _, err := openFile(t, at.path).Exec("UPDATE terms SET schema = 99"); err != nil {
			t.Fatal(err)
		}
		return
	}
	client, err := mongo.Connect(options.Client().ApplyURI(at.uri))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Disconnect(context.Background())
	_, rest, _ := strings.Cut(at.uri, "://")
	_, rest, _ = strings.Cut(rest, "/")
	database, _, _ := strings.Cut(rest, "?")
	result, err := client.Database(database).Collection("terms").UpdateMany(context.Background(),
		bson.M{}, bson.M{"$set": bson.M{"schema": 99}})
	if err != nil || result.ModifiedCount != 1 {
		t.Fatal(result, err)
	}
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func digest(path string) [sha256.Size]byte {
	data, _ := os.ReadFile(path) // a directory has no content
	return sha256.Sum256(data)
}
