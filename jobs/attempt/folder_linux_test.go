package attempt

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
)

func TestRunner_FolderIsPrivateAndGoneAfterwards(t *testing.T) {
	t.Parallel()
	r := newRunner(t, &fake{payload: func() ([]byte, error) { return []byte("secret"), nil }})
	end := r.Run(t.Context(), script(`cd $(dirname $UNDERSTUDY_PAYLOAD_FILE) && stat -c '%%a' . payload; mkdir -p a/b; touch a/b/c; chmod 0 a/b a`), withPayload())
	wantEnd(t, end, store.AttemptCompleted, 0, "")
	if got := string(end.Output.Head); got != "700\n600\n" {
		t.Errorf("the modes of the folder and the payload are %q", got)
	}
	if left := r.leftovers(t); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
}

// What the command puts in its folder's place is no way out of it.
func TestRunner_FolderThatIsReplacedLeadsNowhere(t *testing.T) {
	t.Parallel()
	r := newRunner(t, &fake{})
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "result"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	end := r.Run(t.Context(), script("d=$(dirname $UNDERSTUDY_RESULT_FILE); echo mine >$d/result; mv $d %s; ln -s %s $d", filepath.Join(other, "moved"), other), claimed(1))
	wantEnd(t, end, store.AttemptCompleted, 0, "")
	if string(end.Result) != "mine\n" {
		t.Errorf("the result is %q, want that of the folder", end.Result)
	}
	if !exists(filepath.Join(other, "result"))() || len(r.leftovers(t)) > 0 {
		t.Errorf("%v are left, and the other folder has to stay", r.leftovers(t))
	}
}

func TestRunner_FolderThatCannotBeMadeFailsTheAttempt(t *testing.T) {
	t.Parallel()
	f := &fake{}
	r := newRunner(t, f)
	file := filepath.Join(t.TempDir(), "file")
	touch(t, file)
	for i, place := range []string{filepath.Join(t.TempDir(), "nowhere"), file} {
		config := r.config
		config.Folder = place
		runner, err := New(config)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(r.log.String(), "no private folder can be made"); n != i+1 {
			t.Errorf("the log says %d times that no folder can be made in advance, want %d:\n%s", n, i+1, r.log.String())
		}
		end := runner.Run(t.Context(), script("true"), claimed(1))
		if end.End != store.AttemptFailed || end.Code != -1 || !strings.HasPrefix(end.Remark, "its private folder cannot be made: ") || !strings.Contains(end.Remark, place) || !strings.Contains(end.Remark, "TMPDIR") {
			t.Errorf("%+v, want that it failed because of %s", end, place)
		}
	}
}

func TestRunner_FullDiskFailsTheAttempt(t *testing.T) {
	f := &fake{payload: func() ([]byte, error) { return make([]byte, store.MaxPayload), nil }}
	r := newRunner(t, f)
	if err := unix.Mount("tmpfs", r.folder, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("needs a small file system: mount: %v", err)
	}
	defer func() { _ = unix.Unmount(r.folder, unix.MNT_DETACH) }()
	end := r.Run(t.Context(), script("true"), withPayload())
	if end.End != store.AttemptFailed || end.Code != -1 || !strings.Contains(end.Remark, "its payload cannot be written to its private folder") || !strings.Contains(end.Remark, unix.ENOSPC.Error()) {
		t.Errorf("%+v, want that the disk is full", end)
	}
	if left := r.leftovers(t); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
	wantEnd(t, r.Run(t.Context(), script("true"), claimed(1)), store.AttemptCompleted, 0, "")
}

// ownFolder is a process that has a private folder and never ends.
func ownFolder(parent string) error {
	f, err := newFolder(parent)
	if err != nil {
		return err
	}
	fmt.Println(f.path)
	time.Sleep(time.Hour)
	return f.lock.Close()
}

func TestNew_RemovesOnlyFoldersOfProcessesThatAreGone(t *testing.T) {
	t.Parallel()
	base := newRunner(t, &fake{})
	start := func() (path string, kill func()) {
		cmd := testkit.Self(t, "owner", base.folder)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		path, err = bufio.NewReader(out).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		path = strings.TrimSpace(path)
		if err := os.MkdirAll(filepath.Join(path, "deep", "er"), 0o700); err != nil {
			t.Fatal(err)
		}
		return path, func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
	}
	crashed, kill := start()
	living, killLiving := start()
	kill()
	outside := t.TempDir()
	at := func(name string) string { return filepath.Join(base.folder, name) }
	var errs error
	errs = errors.Join(errs, os.Symlink(outside, at(folderPrefix+"link")), unix.Mkfifo(at(folderPrefix+"fifo"), 0o600), os.Mkdir(at("other"), 0o700))
	foreign := at(folderPrefix + "foreign")
	if errs = errors.Join(errs, os.Mkdir(foreign, 0o700)); errs != nil {
		t.Fatal(errs)
	}
	isForeign := os.Chown(foreign, 12345, 12345) == nil
	if !isForeign {
		t.Log("without the folder of another user: chown is not permitted")
	}

	again := func() {
		t.Helper()
		if _, err := New(base.config); err != nil {
			t.Fatal(err)
		}
	}
	again()
	if exists(crashed)() || !exists(living)() {
		t.Errorf("the folder of the process that is gone is there: %v; that of the living one: %v", exists(crashed)(), exists(living)())
	}
	if !strings.Contains(base.log.String(), "removed private folders of runs whose process is gone") {
		t.Errorf("the log does not say so:\n%s", base.log.String())
	}
	for name, want := range map[string]bool{folderPrefix + "link": true, folderPrefix + "fifo": true, "other": true, folderPrefix + "foreign": isForeign} {
		if slices.Contains(base.leftovers(t), name) != want {
			t.Errorf("%s is there: %v, want %v", name, !want, want)
		}
	}
	killLiving()
	again()
	if exists(living)() || !exists(outside)() {
		t.Error("the folder of the second process is there, or what a link leads to is not")
	}
}

// lockedOut makes, as another user than root, a private folder with a folder in it that nobody
// may enter, and has it removed.
func lockedOut([]string) int {
	if os.Geteuid() == 0 {
		if err := errors.Join(unix.Setgid(65534), unix.Setuid(65534)); err != nil {
			fmt.Println(err)
			return 1
		}
	}
	f, err := newFolder("/tmp")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	deep := filepath.Join(f.path, "a", "b")
	if err := errors.Join(os.MkdirAll(deep, 0o700), os.WriteFile(filepath.Join(deep, "c"), nil, 0o400), os.Chmod(deep, 0), os.Chmod(filepath.Dir(deep), 0o500), os.Chmod(f.path, 0)); err != nil {
		fmt.Println(err)
	}
	f.remove(zerolog.New(os.Stdout))
	if exists(f.path)() {
		fmt.Println(f.path, "is left")
		return 1
	}
	return 0
}

func TestFolder_IsRemovedWithoutPermissions(t *testing.T) {
	t.Parallel()
	if out, err := testkit.Self(t, "locked out").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// Many processes start at the same time: none may remove what another one just made.
func TestNewFolder_IsNeverTakenForALeftover(t *testing.T) {
	t.Parallel()
	parent, stop, swept := t.TempDir(), make(chan struct{}), make(chan int)
	go func() {
		n := 0
		for {
			select {
			case <-stop:
				swept <- n
				return
			default:
				n += sweep(parent, zerolog.Nop())
			}
		}
	}()
	for i := range 300 {
		f, err := newFolder(parent)
		if err != nil {
			t.Errorf("folder %d: %v", i, err)
			break
		}
		if err := f.write(resultFile, []byte("x")); err != nil || !exists(f.file(resultFile))() {
			t.Errorf("folder %d is gone: %v", i, err)
		}
		f.remove(zerolog.Nop())
	}
	close(stop)
	t.Logf("%d new folders were removed before they were locked", <-swept)
	if list, _ := os.ReadDir(parent); len(list) > 0 {
		t.Errorf("%d folders are left", len(list))
	}
}
