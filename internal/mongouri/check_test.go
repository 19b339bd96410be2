package mongouri_test

import (
	"testing"

	"github.com/understudy-go/understudy/internal/mongouri"
)

func TestCheck_AcceptsEveryKindOfHost(t *testing.T) {
	for _, hosts := range []string{"h", "h:1", "h_1.x-y:65535", "10.0.0.1:27017", "[::1]", "[fe80::1%25eth0]:27017", "a:1,b:2,c", "%2Ftmp%2Fmongodb-27017.sock"} {
		if err := mongouri.Parse("mongodb://u:pw@" + hosts + "/db?w=majority").Check(); err != nil {
			t.Errorf("%s: %v", hosts, err)
		}
	}
}
