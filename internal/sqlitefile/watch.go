package sqlitefile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// NoticePath returns the path of the small file that is written to after a durable
// commit. SQLite's own files change with every commit, and before the change can be
// read. The same file is locked while the database is opened or created.
func (f *File) NoticePath() string { return f.Path() + f.options.Schema.Notices }

// notify wakes the watches of all processes that are about one of the topics; without
// topics, all watches. If it fails, they see the change when they read next.
func (f *File) notify(topics []string) {
	file, err := openNotice(f.NoticePath())
	if err != nil {
		return
	}
	_ = mark(file, topics)
	_ = file.Close()
}

func openNotice(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
}

// Watch returns a channel that receives after durable commits of any process that announce
// the topic, or no topic at all, and change the state. A notice may be superfluous, and
// several may be merged into one.
// The channel is closed when ctx or the watch ends, and when the file is replaced:
// then everything may be different. ErrNoWatch: this system has no watches.
func (f *File) Watch(ctx context.Context, topic string, state StateFunc) (<-chan struct{}, error) {
	// It has the turn, so that Close does not come in between.
	return onDatabase(ctx, f, f.readTurn, func() (<-chan struct{}, error) {
		if ch := f.db.notices.add(ctx, topic, state); ch != nil {
			return ch, nil
		}
		w, err := fsnotify.NewWatcher()
		if err != nil {
			return nil, watchError(err)
		}
		known, _ := readTable(f.NoticePath()) // before the first event; if it cannot be read, that one notifies all
		if err := f.watchNotice(w); err != nil {
			return nil, errors.Join(err, w.Close())
		}
		n := newNotices()
		f.db.notices = n
		ch, gone := n.add(ctx, topic, state), f.db.gone
		f.watches.Go(func() {
			defer n.end()
			defer w.Close()
			f.forward(n, gone, w, known)
		})
		return ch, nil
	})
}

// watchError returns ErrNoWatch if the system never has a watch, and otherwise names
// the limit that keeps this process from having one now.
func watchError(err error) error {
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return fmt.Errorf("%w: %w", ErrNoWatch, err)
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return fmt.Errorf("%w: raise how many files this process may open or, on Linux, how many inotify instances this user may have (fs.inotify.max_user_instances)", err)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w: raise how many files this user may watch (fs.inotify.max_user_watches)", err)
	}
	return err
}

// watchNotice watches the file for notices that is at its path now.
func (f *File) watchNotice(w *fsnotify.Watcher) error {
	path := f.NoticePath()
	_ = w.Remove(path)
	if f.options.Access == ReadOnly {
		if err := w.Add(path); err != nil {
			return fmt.Errorf("%w: %w", ErrNoWatch, err)
		}
		return nil
	}
	file, err := openNotice(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := w.Add(path); err != nil {
		return watchError(err)
	}
	return nil
}

// forward sends notices after each event, until no watcher is left, the file is closed or
// replaced, or the watch breaks.
func (f *File) forward(n *notices, gone <-chan struct{}, w *fsnotify.Watcher, known table) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // Close has both turns, and waits for this watch
		select {
		case <-f.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	for {
		select {
		case <-n.idle:
			return
		case <-f.closed:
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
			// Any event but a write may mean that there is another file now.
			if !event.Has(fsnotify.Write) {
				known = nil
				if f.watchNotice(w) != nil {
					return
				}
			}
		}
		now, err := readTable(f.NoticePath())
		concerned := n.of(now.changed(known))
		if known = now; err != nil {
			known = nil
		}
		n.send(concerned, f.states(ctx, concerned))
	}
}

// states reads the states of watchers. If they cannot be read, it returns none, and
// all are notified: a superfluous notice is better than a lost one.
func (f *File) states(ctx context.Context, watchers []*watcher) map[*watcher]string {
	if len(watchers) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second) // a late notice is better than none
	defer cancel()
	states, err := Read(ctx, f, func(c *Conn) (map[*watcher]string, error) {
		states := map[*watcher]string{}
		for _, w := range watchers {
			state, err := w.state(c)
			if err != nil {
				return nil, err
			}
			states[w] = state
		}
		return states, nil
	})
	if err != nil {
		return nil
	}
	return states
}
