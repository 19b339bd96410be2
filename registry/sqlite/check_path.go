package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/understudy-go/understudy/internal/openlimit"
	"github.com/understudy-go/understudy/internal/sqlitefile"
	"github.com/understudy-go/understudy/registry/finding"
)

// roomNeeded is how many bytes of the disk have to be free: those of the files of a
// new registry.
const roomNeeded = 128 << 10

// problem returns the finding for an error of the file, with the cure that it names.
func problem(name string, err error) finding.Finding {
	err = contractError(err)
	if advised, ok := errors.AsType[*sqlitefile.AdvisedError](err); ok {
		return finding.Error(name, contractError(advised.Err), advised.Cure)
	}
	return finding.Error(name, err, "")
}

// checkPath checks the path, and the file if there is one.
func checkPath(path string, makeDirectory bool) finding.Finding {
	const name = "file"
	info, err := sqlitefile.Inspect(path, makeDirectory)
	switch {
	case err != nil:
		return problem(name, err)
	case info == nil && missingDirectory(path):
		return finding.OK(name, "%s does not exist yet, and neither does its directory: the first instance creates both", path)
	case info == nil:
		return finding.OK(name, "%s does not exist yet: the first instance creates it", path)
	case info.Size() == 0:
		return finding.OK(name, "%s is empty, the first instance fills it", path)
	}
	return finding.OK(name, "%s, %d bytes", path, info.Size())
}

func missingDirectory(path string) bool {
	_, err := os.Stat(filepath.Dir(path))
	return errors.Is(err, fs.ErrNotExist)
}

// checkDirectory checks the directory, in which the other files of the database are
// as well. Of a directory that is missing, it checks the one above.
func checkDirectory(path string) []finding.Finding {
	dir := filepath.Dir(path)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		dir = filepath.Dir(real)
	}
	for missingDirectory(filepath.Join(dir, "file")) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
	}
	local := finding.OK("local", "%s is on a file system of this machine", dir)
	if err := sqlitefile.RefuseNetwork(filepath.Join(dir, filepath.Base(path))); err != nil {
		local = problem("local", err)
	}
	if err := makeFile(dir); err != nil {
		return []finding.Finding{local, finding.Error("directory", err,
			openlimit.Cure(err, "give this user the right to write it and make room on its disk, or name a file in another"))}
	}
	return []finding.Finding{local, finding.OK("directory", "files can be made in %s", dir)}
}

// makeFile makes a file that needs room in a directory, and removes it.
func makeFile(dir string) error {
	f, err := os.CreateTemp(dir, ".understudy-check-*")
	if err != nil {
		return err
	}
	removed := os.Remove(f.Name()) == nil // at once, in case this process is killed; Windows cannot do that
	_, err = f.Write(make([]byte, roomNeeded))
	err = errors.Join(err, f.Close())
	if !removed {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}
