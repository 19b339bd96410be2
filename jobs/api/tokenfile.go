package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"io/fs"
	"runtime"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/secretfile"
)

const rereadAfter = time.Second

// TokenFile is a file that has the token of the API in its only line. It is read again
// when it is used, at most once a second, so that a token can be replaced without a
// restart. While the file is wrong, the token before stays.
type TokenFile struct {
	path string
	log  zerolog.Logger
	now  func() time.Time

	reading sync.Mutex // held by the one that reads the file

	mu      sync.Mutex
	token   [sha256.Size]byte
	read    time.Time
	problem string // the one that was logged last; empty: the file was right
}

// OpenTokenFile reads the file. Its warnings are logged.
func OpenTokenFile(path string, log zerolog.Logger) (*TokenFile, error) {
	f := &TokenFile{path: path, log: log, now: time.Now}
	token, mode, err := readToken(path)
	if err != nil {
		return nil, err
	}
	f.token, f.read = token, f.now()
	if runtime.GOOS != "windows" && mode.Perm()&0o007 != 0 {
		log.Warn().Str("file", path).Stringer("mode", mode.Perm()).Msg("every user of this machine can read or change the token of the HTTP API: want a file of mode 0600, or 0440 for a secret of Kubernetes")
	}
	return f, nil
}

// is reports whether a token is the one in the file. How long that takes tells neither the
// length of the token nor where it differs.
func (f *TokenFile) is(hash [sha256.Size]byte) bool {
	f.refresh()
	f.mu.Lock()
	defer f.mu.Unlock()
	return subtle.ConstantTimeCompare(hash[:], f.token[:]) == 1
}

// refresh reads the file again if it is time. While one request does that, the others go on
// with the token before, as a file system may stand still.
func (f *TokenFile) refresh() {
	if !f.reading.TryLock() {
		return
	}
	defer f.reading.Unlock()
	f.mu.Lock()
	fresh := f.now().Sub(f.read) < rereadAfter
	f.mu.Unlock()
	if fresh {
		return
	}
	token, _, err := readToken(f.path)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.read = f.now()
	switch {
	case err != nil:
		if f.problem != err.Error() {
			f.log.Error().Err(err).Msg("the token of the HTTP API stays as it was")
		}
		f.problem = err.Error()
		return
	case f.token != token:
		f.log.Info().Str("file", f.path).Msg("the HTTP API has another token now")
	}
	f.token, f.problem = token, ""
}

// readToken returns the hash of the token in a file.
func readToken(path string) (token [sha256.Size]byte, mode fs.FileMode, err error) {
	text, mode, err := secretfile.Read(path, config.EnvAPITokenFile, "token")
	if err != nil {
		return token, 0, err
	}
	return sha256.Sum256(text), mode, nil
}
