package attempt

import (
	"context"
	"errors"
	"fmt"

	"github.com/understudy-go/understudy/jobs/store"
)

// watcher stores what a command says in its files.
type watcher struct {
	*attempt
	progress, checkpoint source
	percent              int    // the last one
	remark               string // what people should know of the checkpoint
	failing              bool   // the store did not take the last one
	fenced               bool   // nothing is to be stored any more
}

func (a *attempt) newWatcher() *watcher {
	w := &watcher{
		attempt:    a,
		progress:   source{name: progressFile, most: maxProgress},
		checkpoint: source{name: checkpointFile, most: store.MaxBlob},
	}
	_, _, _ = w.checkpoint.read(a.folder) // of the attempt before
	return w
}

// watch looks at the files now, and then each second, until over is closed.
func (w *watcher) watch(ctx context.Context, over <-chan struct{}) {
	for {
		w.poll(ctx)
		if !sleep(over, pace) {
			return
		}
	}
}

// poll stores what has changed in the files.
func (w *watcher) poll(ctx context.Context) {
	if !w.fenced {
		w.storeCheckpoint(ctx)
	}
	if !w.fenced {
		w.storeProgress(ctx)
	}
}

func (w *watcher) storeCheckpoint(ctx context.Context) {
	data, changed, err := w.checkpoint.read(w.folder)
	if err != nil {
		if w.remark == "" {
			w.log.Error().Err(err).Msg("the checkpoint of the run is refused: the last one that was good stays")
		}
		w.remark = "its last checkpoint was refused: " + err.Error()
		return
	}
	if !changed || len(data) == 0 { // a shell empties a file before it writes to it
		return
	}
	err = w.call(ctx, func(ctx context.Context) error {
		return w.config.Store.SaveCheckpoint(ctx, w.holder, w.run.Key, w.run.Attempt, data)
	})
	w.stored(&w.checkpoint, "checkpoint", err)
	switch {
	case err == nil:
		w.remark = ""
	case w.fenced:
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		w.remark = "its last checkpoint could not be stored: the registry did not answer"
	default:
		w.remark = fmt.Sprintf("its last checkpoint could not be stored: %v", err)
	}
}

func (w *watcher) storeProgress(ctx context.Context) {
	data, changed, err := w.progress.read(w.folder)
	if err != nil && !errors.Is(err, errTooLarge) || !changed {
		return
	}
	percent, text, ok := parseProgress(data, w.percent)
	if !ok {
		return
	}
	w.percent = percent
	p := store.Progress{Percent: percent, Text: text, At: w.now()}
	err = w.call(ctx, func(ctx context.Context) error {
		_, err := w.config.Store.SetProgress(ctx, w.holder, w.run.Key, w.run.Attempt, p)
		return err
	})
	w.stored(&w.progress, "progress", err)
}

// stored takes the store's answer.
func (w *watcher) stored(s *source, what string, err error) {
	switch {
	case err == nil:
		w.failing = false
		return
	case lost(err):
		w.fenced = true
		w.log.Warn().Err(err).Msgf("the %s of the run is stored no more: somebody else has the run", what)
		return
	case !w.failing:
		w.log.Warn().Err(err).Msgf("the %s of the run could not be stored: it is tried again", what)
	}
	w.failing = true
	s.forget()
}
