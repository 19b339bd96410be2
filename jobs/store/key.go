package store

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Key names a run. Within its group, people write it as JOB/RUN.
type Key struct {
	Group string
	Job   string
	Run   string // see SlotID, KeyID, ChildID and NewID
}

func (k Key) String() string { return k.Job + "/" + k.Run }

// SlotID returns the ID of the run of a slot. Every instance gets the same one.
func SlotID(slot time.Time) string { return slot.UTC().Format(time.RFC3339) }

// KeyID returns the ID of the run that is triggered with a key. Every trigger with this
// key gets the same one.
func KeyID(key string) string { return "k:" + key }

// ChildID returns the ID of the run that is started because a run ended. Each run has at
// most one child of a job. The ID names the parent, unless that would make it too long.
func ChildID(parent Key) string {
	id := "then:" + parent.String()
	if len(id) > MaxRunID {
		return fmt.Sprintf("then:%x", sha256.Sum256([]byte(id)))
	}
	return id
}

// NewID returns the ID of a run that is triggered without a key: a UUID of version 7.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// ParseKey returns the key of the run that people write as JOB/RUN.
func ParseKey(group, text string) (Key, error) {
	job, run, found := strings.Cut(text, "/")
	k := Key{Group: group, Job: job, Run: run}
	if !found {
		return Key{}, fmt.Errorf("run %.100q: want JOB/RUN, as the command runs prints it", text)
	}
	return k, k.Check()
}

// Check returns the first thing that makes the key unusable.
func (k Key) Check() error {
	switch {
	case registry.CheckGroup(k.Group) != nil:
		return registry.CheckGroup(k.Group)
	case CheckJob(k.Job) != nil:
		return CheckJob(k.Job)
	case k.Run == "", len(k.Run) > MaxRunID, !printable(k.Run):
		return fmt.Errorf("run %.100q of job %s: want 1 to %d bytes of printable ASCII", k.Run, k.Job, MaxRunID)
	}
	return nil
}

// CheckJob returns what is wrong with the name of a job, if something is.
func CheckJob(name string) error {
	ok := name != "" && len(name) <= MaxJob
	for i, c := range []byte(name) {
		alphanumeric := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		ok = ok && (alphanumeric || i > 0 && strings.IndexByte("._-", c) >= 0)
	}
	if !ok {
		return fmt.Errorf("job %.100q: want a name of 1 to %d characters of a-z, 0-9, '.', '_' and '-' that begins with a letter or a digit", name, MaxJob)
	}
	return nil
}

// CheckKey returns what is wrong with the key of a trigger, if something is.
func CheckKey(key string) error {
	if key == "" || len(key) > MaxKey || !printable(key) {
		return fmt.Errorf("key %.100q: want 1 to %d bytes of printable ASCII", key, MaxKey)
	}
	return nil
}

func printable(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}
