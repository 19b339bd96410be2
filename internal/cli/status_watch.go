package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/internal/openregistry"
	"github.com/understudy-go/understudy/internal/signals"
	"github.com/understudy-go/understudy/internal/terminal"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// watch shows what is found, again and again.
type watch struct {
	*looker
	display
	all   bool
	every time.Duration
	out   io.Writer
}

// display turns what was found into what is written next, which may be nothing.
type display interface {
	found(s survey) ([]byte, error)
	failed(err error) []byte
	// end is what is written when a person has seen enough.
	end() []byte
}

func runWatch(c *cobra.Command, asJSON, all bool) error {
	ctx, stop := signal.NotifyContext(c.Context(), signals.ToStop()...)
	defer stop()
	l, err := newLooker(c)
	if err != nil {
		return err
	}
	err = l.open(ctx, registry.Look)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	defer l.close()
	w := watch{looker: l, all: all, every: time.Second, out: c.OutOrStdout()}
	f := terminal.Of(w.out)
	switch {
	case asJSON:
		w.display = &objects{complaints: complaints{out: l.stderr}, all: all}
	case f != nil && !terminal.Dumb():
		w.display = &redrawn{colour: terminal.Colourful(w.out), size: func() (columns, rows int) { return terminal.Size(f) }, where: l.where}
	default:
		w.display = &changes{complaints: complaints{out: l.stderr}, where: l.where}
	}
	return w.run(ctx)
}

func (w *watch) run(ctx context.Context) error {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	over := w.slowly()
	defer func() { over() }()
	for {
		text, err := w.next(ctx)
		over()
		if ctx.Err() != nil {
			return w.write(ctx, w.end())
		}
		if err != nil {
			return err
		}
		if err := w.write(ctx, text); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return w.write(ctx, w.end())
		}
		if terminal.Unread(w.out) { // who has nothing to write learns it in no other way
			return nil
		}
	}
}

// next looks, also whether there is a file by now.
func (w *watch) next(ctx context.Context) ([]byte, error) {
	var (
		s   survey
		err error
	)
	if w.reg == nil {
		err = w.open(ctx, registry.Look)
	}
	if err == nil {
		s, err = w.survey(ctx, w.all)
	}
	switch {
	case ctx.Err() != nil:
		return nil, nil
	case err != nil:
		return w.failed(err), nil
	}
	return w.found(s)
}

// write writes text, and leaves a reader that does not read to itself once ctx
// has ended.
func (w *watch) write(ctx context.Context, text []byte) error {
	if len(text) == 0 {
		return nil
	}
	done := make(chan error, 1)
	go func() { done <- write(w.out, text) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(time.Second):
		return nil
	}
}

// trouble says in a line why nothing could be found.
func trouble(err error) string {
	text := status.Plain(err.Error())
	if unavailable := (openregistry.UnavailableError{}); errors.As(err, &unavailable) {
		text = "registry does not answer: " + text
	}
	return status.Visible(text)
}

// complaints are messages beside the data, each made once while it lasts.
type complaints struct {
	out  io.Writer
	last string
}

// say says what is wrong now: nothing, if about is empty.
func (c *complaints) say(about, text string) {
	if about != c.last && about != "" {
		fmt.Fprintf(c.out, "understudy: %s\n", text)
	}
	c.last = about
}

func (c *complaints) failed(err error) []byte {
	c.say("down", trouble(err))
	return nil
}

// unread complains about groups that could not be understood.
func (c *complaints) unread(s survey) {
	var list []string
	for _, err := range s.unread {
		list = append(list, trouble(err))
	}
	text := strings.Join(list, "; ")
	c.say(text, text)
}
