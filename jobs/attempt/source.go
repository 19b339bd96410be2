package attempt

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

var (
	errTooLarge   = errors.New("too large")
	errNotRegular = errors.New("it is no regular file")
)

// source is a file that a command may write, replace by another one, or by anything else.
type source struct {
	name string
	most int // bytes that count

	info fs.FileInfo // as it was when it was read; nil: it was not, or may have changed since
	sum  [sha256.Size]byte
}

// settled is how old a file has to be so that one that is written to after it was read is
// known to have changed: file systems count time in steps.
const settled = 100 * time.Millisecond

// read returns the content of the file if it has changed since it was read last, at most as
// many bytes as count. If there are more, it also returns errTooLarge.
func (s *source) read(f *folder) (data []byte, changed bool, err error) {
	info, err := f.root.Lstat(s.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case !info.Mode().IsRegular():
		return nil, false, errNotRegular
	case s.info != nil && os.SameFile(s.info, info) && s.info.Size() == info.Size() && s.info.ModTime().Equal(info.ModTime()):
		return nil, false, nil
	}
	file, err := f.root.OpenFile(s.name, openToRead, 0)
	if err != nil {
		return nil, false, err
	}
	defer file.Close()
	if info, err = file.Stat(); err != nil {
		return nil, false, err
	}
	if !info.Mode().IsRegular() { // it was replaced meanwhile
		return nil, false, errNotRegular
	}
	data, err = io.ReadAll(io.LimitReader(file, int64(s.most)+1))
	if err != nil {
		return nil, false, err
	}
	s.info = info
	if time.Since(info.ModTime()) < settled {
		s.info = nil
	}
	if len(data) > s.most {
		data, err = data[:s.most], fmt.Errorf("%w: more than %d bytes", errTooLarge, s.most)
	}
	sum := sha256.Sum256(data)
	changed, s.sum = sum != s.sum, sum
	return data, changed, err
}

// forget has the content count as changed when it is read next.
func (s *source) forget() { s.info, s.sum = nil, [sha256.Size]byte{} }
