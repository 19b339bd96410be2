package config

import (
	"testing"

	"github.com/understudy-go/understudy/internal/editdistance"
)

// If two variables were within two edits of each other, a typo in one name could be the
// other name.
func TestVariables_AreFarApart(t *testing.T) {
	for _, a := range Variables {
		for _, b := range Variables {
			if a.Name != b.Name && editdistance.Between(a.Name, b.Name) <= 2 {
				t.Errorf("%s and %s are %d edits apart", a.Name, b.Name, editdistance.Between(a.Name, b.Name))
			}
		}
	}
}
