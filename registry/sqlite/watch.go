package sqlite

import (
	"context"
	"fmt"
	"strings"

	"github.com/understudy-go/understudy/internal/sqlitefile"
	"github.com/understudy-go/understudy/registry"
)

// Watch receives after changes of the latest two terms of a group: nobody waits for
// changes of older ones. The channel is also closed when the file is replaced: then
// everything that was read may be different. ErrNoWatch: this system has no watches.
func (r *Registry) Watch(ctx context.Context, group string) (<-chan registry.Notice, error) {
	ch, err := r.file.Watch(ctx, topic(group), func(c *sqlitefile.Conn) (string, error) {
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
	return notices(ch), nil
}

// topic is under which changes of a group's terms are announced.
func topic(group string) string { return "terms " + group }

// notices returns a channel that receives what the one of a file does. Who should act first
// is not said: the processes of one machine that wait are few.
func notices(ch <-chan struct{}) <-chan registry.Notice {
	out := make(chan registry.Notice, 1)
	go func() {
		defer close(out)
		for range ch {
			select {
			case out <- registry.Notice{}:
			default: // a notice waits to be received already
			}
		}
	}()
	return out
}
