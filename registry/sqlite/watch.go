package sqlite

import (
	"context"
	"fmt"
	"strings"

	"github.com/understudy-go/understudy/internal/sqlitefile"
)

// Watch receives after changes of the latest two terms of a group: nobody waits for
// changes of older ones. The channel is also closed when the file is replaced: then
// everything that was read may be different. ErrNoWatch: this system has no watches.
func (r *Registry) Watch(ctx context.Context, group string) (<-chan struct{}, error) {
	ch, err := r.file.Watch(ctx, func(c *sqlitefile.Conn) (string, error) {
		var state []string
		err := (&conn{c, r}).eachTerm(func(row termRow) error {
			state = append(state, fmt.Sprintf("%#v", row))
			return nil
		}, ofGroup+` ORDER BY number DESC LIMIT 2`, group)
		return strings.Join(state, "\n"), err
	})
	if err != nil {
		return nil, fmt.Errorf("watch: %w", contractError(err))
	}
	return ch, nil
}
