package status

import (
	"context"

	"github.com/understudy-go/understudy/registry"
)

// Look takes a picture of a group with its latest terms, up to n of them. Its
// errors are the registry's.
func Look(ctx context.Context, admin registry.Admin, group string, n int) (Group, error) {
	panic("not built yet")
}
