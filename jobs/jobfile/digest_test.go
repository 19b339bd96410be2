package jobfile

import (
	"reflect"
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs"
)

// Whatever differs between two files changes the digest, but secrets do not.
func TestJob_DigestTellsFilesApart(t *testing.T) {
	base := Job{Definition: jobs.Definition{Name: "a"}, Command: []string{"a", "b"}, Env: []string{"X=1"}}
	for name, change := range map[string]func(*Job){
		"command": func(j *Job) { j.Command = []string{"a b"} },
		"env":     func(j *Job) { j.Env = []string{"Y=1"} },
		"dir":     func(j *Job) { j.Dir = "/srv" },
	} {
		other := base
		change(&other)
		if other.Digest() == base.Digest() {
			t.Errorf("another %s has the same digest", name)
		}
	}
	secret := base
	secret.Env, secret.OnFinish = []string{"X=2"}, "https://example.com/token"
	if secret.Digest() != base.Digest() {
		t.Error("the digest depends on a secret")
	}
	fields := reflect.TypeFor[jobs.Definition]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		if name == "OnFinish" {
			continue
		}
		other := base
		fill(reflect.ValueOf(&other.Definition).Elem().Field(i))
		if other.Digest() == base.Digest() {
			t.Errorf("another %s has the same digest", name)
		}
	}
}

// fill gives a field another value than its zero value.
func fill(v reflect.Value) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Unix(1, 0)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("other")
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Struct:
		fill(v.Field(0))
	}
}
