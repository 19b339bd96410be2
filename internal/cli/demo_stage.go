package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/terminal"
)

const demoGroup = "demo"

// stage is where the demo's instances play: real processes, whose logs it reads.
type stage struct {
	out     io.Writer
	log     io.Writer
	path    string
	began   time.Time
	players map[string]*player
	gone    sync.WaitGroup
	lines   chan line
}

// player is an instance on the stage.
type player struct {
	cmd    *exec.Cmd
	silent chan struct{} // closed when it will log nothing more
}

// line is one line of an instance's log.
type line struct {
	player  string
	Message string
	Term    int64
	Tick    int
	raw     []byte
}

func newStage(out io.Writer, path string) *stage {
	return &stage{
		out: out, log: console(out, !terminal.Colourful(out)), path: path, began: time.Now(),
		players: map[string]*player{}, lines: make(chan line, 256),
	}
}

func (s *stage) say(format string, args ...any) {
	fmt.Fprintf(s.out, "\n%5.1f s  %s\n", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
}

// start starts an instance under a name.
func (s *stage) start(name string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("path of this program: %w", err)
	}
	cmd := exec.Command(self)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, config.EnvPrefix) {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env,
		config.EnvRegistry+"=sqlite:"+s.path, config.EnvGroup+"="+demoGroup, config.EnvHost+"="+name, config.EnvLogFormat+"=json",
		config.EnvInterval+"="+demoTiming.Interval.String(),
		config.EnvOrphanAfter+"="+demoTiming.OrphanAfter.String(),
		config.EnvStopGrace+"="+demoTiming.StopGrace.String())
	dieWithUs(cmd)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("instance %s: %w", name, err)
	}
	p := &player{cmd: cmd, silent: make(chan struct{})}
	s.players[name] = p
	s.gone.Go(func() {
		defer close(p.silent)
		for in := bufio.NewScanner(stderr); in.Scan(); {
			l := line{player: name, raw: append(bytes.Clone(in.Bytes()), '\n')}
			_ = json.Unmarshal(l.raw, &l)                        // what is not a line of the log has no term
			if !strings.Contains(l.Message, config.Perishable) { // it is thrown away anyway
				s.lines <- l
			}
		}
	})
	return nil
}

// await shows what the instances log until ok.
func (s *stage) await(ctx context.Context, ok func(line) bool) (line, error) {
	for {
		select {
		case l := <-s.lines:
			fmt.Fprintf(s.out, "  %s  ", l.player)
			if _, err := s.log.Write(l.raw); err != nil {
				fmt.Fprintf(s.out, "%s", l.raw)
			}
			if ok(l) {
				return l, nil
			}
		case <-ctx.Done():
			return line{}, context.Cause(ctx)
		}
	}
}

// awaitWork waits for the first tick of the work in a term.
func (s *stage) awaitWork(ctx context.Context, term int64) (player string, err error) {
	l, err := s.await(ctx, func(l line) bool { return l.Term == term && l.Tick == 1 })
	return l.player, err
}

func (s *stage) awaitStandby(ctx context.Context, name string) error {
	_, err := s.await(ctx, func(l line) bool { return l.player == name && strings.HasPrefix(l.Message, "standing by") })
	return err
}

// watch shows the logs for a while.
func (s *stage) watch(ctx context.Context, d time.Duration) error {
	enough, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	_, err := s.await(enough, func(line) bool { return false })
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// signal sends a signal to an instance that is to end by it. stopAll awaits the end.
func (s *stage) signal(name string, sig syscall.Signal) error {
	p := s.players[name]
	delete(s.players, name)
	if err := p.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("%v to %s: %w", sig, name, err)
	}
	s.gone.Go(func() {
		<-p.silent // its log has been read to the end
		_ = p.cmd.Wait()
	})
	return nil
}

// stopAll stops what still plays and shows the last lines.
func (s *stage) stopAll(ctx context.Context) error {
	for name := range s.players {
		if err := s.signal(name, syscall.SIGTERM); err != nil {
			return err
		}
	}
	gone := make(chan struct{})
	go func() {
		s.gone.Wait()
		close(gone)
	}()
	for {
		select {
		case <-gone:
			if len(s.lines) == 0 {
				return nil
			}
		default:
		}
		ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		_, err := s.await(ctx, func(line) bool { return true })
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
}

// close ends whatever is left, also after an interruption.
func (s *stage) close() error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), 10*time.Second, errors.New("an instance of the demo did not stop"))
	defer cancel()
	return s.stopAll(ctx)
}
