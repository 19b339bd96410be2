package jobfile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
)

// Digest tells whether two files say the same about a job. It leaves out what may be a
// secret, since it is stored where others can read it: the values of env, and on_finish.
func (j Job) Digest() string {
	names := make([]string, len(j.Env))
	for i, entry := range j.Env {
		names[i], _, _ = strings.Cut(entry, "=")
	}
	d := j.Definition
	d.OnFinish = ""
	d.At = d.At.UTC().Truncate(time.Millisecond)
	text, err := json.Marshal(struct {
		Definition any
		Command    []string
		Env        []string
		Dir        string
	}{d, j.Command, names, j.Dir})
	if err != nil {
		return "" // no field of these types can fail
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
