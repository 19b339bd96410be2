package api

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
)

const (
	minToken    = 16 // characters
	maxToken    = 1024
	rereadAfter = time.Second
)

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

// readToken returns the hash of the token in a file. Its errors contain neither the token
// nor the path: somebody may have written the token where the path belongs.
func readToken(path string) (token [sha256.Size]byte, mode fs.FileMode, err error) {
	wrong := func(format string, a ...any) error {
		return fmt.Errorf(config.EnvAPITokenFile+": "+format, a...)
	}
	info, err := os.Stat(path)
	if err != nil {
		return token, 0, wrong("want a file that can be read: %w", cause(err))
	}
	if !info.Mode().IsRegular() {
		return token, 0, wrong("this is not a regular file: want one that holds the token")
	}
	file, err := os.Open(path)
	if err != nil {
		return token, 0, wrong("want a file that can be read: %w", cause(err))
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxToken+3)) // a token that is too long, and the end of its line
	if err != nil {
		return token, 0, wrong("want a file that can be read: %w", cause(err))
	}
	line := bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	switch {
	case len(line) == 0:
		return token, 0, wrong("it is empty: want a token of %d to %d characters", minToken, maxToken)
	case len(line) > maxToken:
		return token, 0, wrong("it is too long: want only a token of %d to %d characters", minToken, maxToken)
	case bytes.ContainsAny(line, "\r\n"):
		return token, 0, wrong("it has several lines: want one that holds only the token")
	case bytes.ContainsFunc(line, func(r rune) bool { return r <= ' ' || r > '~' }):
		return token, 0, wrong("the token has a space, or a character that no HTTP header may have: want letters, digits and signs")
	case len(line) < minToken:
		return token, 0, wrong("the token has %d characters: want %d to %d, such as what openssl rand -hex 32 prints", len(line), minToken, maxToken)
	}
	return sha256.Sum256(line), info.Mode(), nil
}

// cause returns an error of the file system without the path.
func cause(err error) error {
	var wrapped *fs.PathError
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
