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

// watch reads and shows the groups again and again.
type watch struct {
	*client
	display
	all   bool
	every time.Duration
	out   io.Writer
}

// display turns what was read into the text that is written next, which may be empty.
type display interface {
	found(s survey) ([]byte, error)
	failed(err error) []byte
	// end returns what is written after Ctrl-C.
	end() []byte
}

func runWatch(c *cobra.Command, asJSON, all bool) error {
	ctx, stop := signal.NotifyContext(c.Context(), signals.ToStop()...)
	defer stop()
	cl, err := newClient(c)
	if err != nil {
		return err
	}
	err = cl.open(ctx, registry.Look)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	defer cl.close()
	w := watch{client: cl, all: all, every: time.Second, out: c.OutOrStdout()}
	f := terminal.Of(w.out)
	switch {
	case asJSON:
		w.display = &jsonLines{complaints: complaints{out: cl.stderr}, all: all}
	case f != nil && !terminal.Dumb():
		w.display = &screen{colour: terminal.Colourful(w.out), size: func() (columns, rows int) { return terminal.Size(f) }, where: cl.where}
	default:
		w.display = &changeLines{complaints: complaints{out: cl.stderr}, where: cl.where}
	}
	return w.run(ctx)
}

func (w *watch) run(ctx context.Context) error {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	over := w.tellIfSlow()
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
		if terminal.Unread(w.out) { // there may be nothing to write, so that no write can fail
			return nil
		}
	}
}

// next reads once more. If there was no file before, there may be one now.
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

// write writes text. When ctx ends it waits another second for a reader who does not
// read, and no longer.
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

// trouble explains on one line why nothing could be read.
func trouble(err error) string {
	text := status.Plain(err.Error())
	if _, unavailable := errors.AsType[openregistry.UnavailableError](err); unavailable {
		text = "registry does not answer: " + text
	}
	return status.Visible(text)
}

// complaints writes what is wrong to stderr, once for as long as it stays the same.
type complaints struct {
	out  io.Writer
	last string
}

// complain writes what is wrong now. It is the same as before if about is the same, and
// nothing is wrong if about is empty.
func (c *complaints) complain(about, text string) {
	if about != c.last && about != "" {
		fmt.Fprintf(c.out, "understudy: %s\n", text)
	}
	c.last = about
}

func (c *complaints) failed(err error) []byte {
	c.complain("down", trouble(err))
	return nil
}

// unread complains about the groups that could not be understood.
func (c *complaints) unread(s survey) {
	var list []string
	for _, err := range s.unread {
		list = append(list, trouble(err))
	}
	text := strings.Join(list, "; ")
	c.complain(text, text)
}
