package webhook

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/secretfile"
)

// SecretFile is a file that holds the secret with which deliveries are signed. It is read
// for each delivery, so the secret can be replaced without a restart. A nil SecretFile has
// no secret.
type SecretFile struct {
	path string

	mu   sync.Mutex
	last []byte // the secret that was read last
}

// OpenSecretFile reads the file. The error says what is wrong with it.
func OpenSecretFile(path string) (*SecretFile, error) {
	f := &SecretFile{path: path}
	secret, err := f.read()
	f.last = secret
	return f, err
}

// key returns the secret; nil if there is none. While the file is wrong, the secret before
// stays.
func (f *SecretFile) key() []byte {
	if f == nil {
		return nil
	}
	secret, err := f.read()
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		f.last = secret
	}
	return f.last
}

// read returns the secret. One that begins with whsec_ is in base64 after that, as the
// Standard Webhooks specification says.
func (f *SecretFile) read() ([]byte, error) {
	text, _, err := secretfile.Read(f.path, config.EnvWebhookSecretFile, "secret")
	if err != nil {
		return nil, err
	}
	if encoded, ok := strings.CutPrefix(string(text), "whsec_"); ok {
		secret, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil, fmt.Errorf("%s: what follows whsec_ is not base64: want the secret as it was given out, or one without whsec_", config.EnvWebhookSecretFile)
		}
		return secret, nil
	}
	return text, nil
}
