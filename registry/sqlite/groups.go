package sqlite

import (
	"context"
	"fmt"
	"slices"

	"github.com/understudy-go/understudy/registry"
)

// Groups implements [registry.Admin].
func (r *Registry) Groups(ctx context.Context) ([]string, error) {
	var bad error
	list, err := reading(ctx, r, func(c *conn) ([]string, error) {
		var list []string
		bad = nil
		err := c.Each(func(scan func(dest ...any) error) error {
			var name any
			if err := scan(&name); err != nil {
				return err
			}
			group, _ := text(name)
			if err := registry.CheckGroup(group); err != nil {
				bad = fmt.Errorf("%w: %w", registry.ErrCorrupt, err)
				return nil
			}
			list = append(list, group)
			return nil
		}, `SELECT `+bounded(`"group"`)+` AS name FROM instances UNION SELECT `+bounded(`"group"`)+` FROM terms`)
		slices.Sort(list)
		return list, err
	})
	if err == nil {
		err = bad
	}
	if err != nil {
		return list, fmt.Errorf("groups: %w", err)
	}
	return list, nil
}
