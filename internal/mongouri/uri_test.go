package mongouri_test

import (
	"testing"

	"github.com/understudy-go/understudy/internal/mongouri"
)

func TestServers_AreEqualForTheSameHostsAlone(t *testing.T) {
	const uri = "mongodb://app:old@a.example:27017,b.example/app?replicaSet=rs0"
	want := mongouri.Parse(uri).Servers()
	for other, same := range map[string]bool{
		"mongodb://app:new@a.example:27017,b.example/app?replicaSet=rs0": true,
		"mongodb://a.example:27017,b.example":                            true,
		"mongodb://app:old@A.Example:27017,b.example/other?w=1":          true,
		"mongodb://app:old@a.example,b.example/app?replicaSet=rs0":       false,
		"mongodb://app:old@b.example/app?replicaSet=rs0":                 false,
		"mongodb+srv://app:old@a.example:27017,b.example/app":            false,
	} {
		if got := mongouri.Parse(other).Servers(); (got == want) != same {
			t.Errorf("the servers of %q are %q, of %q they are %q: want them equal: %v", other, got, uri, want, same)
		}
	}
}
