package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/understudy-go/understudy/registry"
)

// noticePath is the file that is written to after a term changed. SQLite's own
// files change with every beat, and before the change can be read.
func (r *Registry) noticePath() string { return r.path() + "-terms" }

// announce wakes the watches. Without it they see the change at their next poll.
func (r *Registry) announce() {
	f, err := openNotice(r.noticePath())
	if err != nil {
		return
	}
	_, _ = f.WriteAt([]byte("\n"), 0)
	_ = f.Close()
}

func openNotice(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
}

// Watch receives after changes of the latest two terms of a group: nobody waits
// for those of older ones. The channel is also closed when the database is another
// one: all that was known may have changed. ErrNoWatch: this system has none.
func (r *Registry) Watch(ctx context.Context, group string) (<-chan struct{}, error) {
	// In the lane, so that Close does not come in between.
	ch, err := onFile(ctx, r, r.read, func() (<-chan struct{}, error) {
		if ch := r.file.notices.add(ctx, group); ch != nil {
			return ch, nil
		}
		w, err := fsnotify.NewWatcher()
		if err != nil {
			return nil, noWatch(err)
		}
		if err := r.watchNotice(w); err != nil {
			return nil, errors.Join(err, w.Close())
		}
		n := newNotices()
		r.file.notices = n
		ch, gone := n.add(ctx, group), r.file.gone
		r.watches.Go(func() {
			defer n.end()
			defer w.Close()
			r.forward(n, gone, w)
		})
		return ch, nil
	})
	if err != nil {
		return nil, fmt.Errorf("watch: %w", err)
	}
	return ch, nil
}

// noWatch makes ErrNoWatch of the error that says that there never is one, and
// names the limits that keep one from being had now.
func noWatch(err error) error {
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return fmt.Errorf("%w: %w", registry.ErrNoWatch, err)
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return fmt.Errorf("%w: raise how many files this process may open or, on Linux, how many inotify instances this user may have (fs.inotify.max_user_instances)", err)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w: raise how many files this user may watch (fs.inotify.max_user_watches)", err)
	}
	return err
}

// watchNotice watches the file that is at the path now.
func (r *Registry) watchNotice(w *fsnotify.Watcher) error {
	path := r.noticePath()
	_ = w.Remove(path)
	if r.o.Access == registry.Look {
		if err := w.Add(path); err != nil {
			return fmt.Errorf("%w: %w", registry.ErrNoWatch, err)
		}
		return nil
	}
	f, err := openNotice(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := w.Add(path); err != nil {
		return noWatch(err)
	}
	return nil
}

// forward sends a notice for each event until nobody wants any, the registry
// ends, the database is gone, or the watch breaks.
func (r *Registry) forward(n *notices, gone <-chan struct{}, w *fsnotify.Watcher) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // Close has the lanes, and waits for this
		select {
		case <-r.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	for {
		select {
		case <-n.idle:
			return
		case <-r.closed:
			return
		case <-gone:
			return
		case err := <-w.Errors:
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				return
			}
		case event, ok := <-w.Events:
			if !ok {
				return
			}
			// Anything but a write may mean that it is another file now.
			if !event.Has(fsnotify.Write) && r.watchNotice(w) != nil {
				return
			}
		}
		n.send(r.states(ctx, n.groups()))
	}
}

// states tells the latest terms of groups, such that a change of them shows. One
// that cannot be told is not among them.
func (r *Registry) states(ctx context.Context, groups map[string]bool) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, time.Second) // a late notice is better than none
	defer cancel()
	states, err := reading(ctx, r, func(c *conn) (map[string]string, error) {
		states := map[string]string{}
		for group := range groups {
			var state []string
			err := c.eachTerm(func(row termRow) error {
				state = append(state, fmt.Sprintf("%#v", row))
				return nil
			}, ofGroup+` ORDER BY number DESC LIMIT 2`, group)
			if err != nil {
				return nil, err
			}
			states[group] = strings.Join(state, "\n")
		}
		return states, nil
	})
	if err != nil {
		return nil
	}
	return states
}
