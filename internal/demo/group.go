package demo

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
	"github.com/understudy-go/understudy/internal/logging"
	"github.com/understudy-go/understudy/internal/terminal"
)

const groupName = "demo"

// group is the instances of the demo: real processes whose logs it reads.
type group struct {
	out      io.Writer
	log      io.Writer // turns lines of JSON into lines for people, on out
	registry string    // path of the file
	begun    time.Time

	instances map[string]*instance // by name, without those that were told to end
	ended     sync.WaitGroup       // for those that were, and for the readers of all logs
	lines     chan line
}

// instance is one process.
type instance struct {
	cmd  *exec.Cmd
	read chan struct{} // closed when its log has been read to the end
}

// line is a line of an instance's log.
type line struct {
	instance string
	Message  string
	Term     int64
	Tick     int
	raw      []byte
}

func newGroup(out io.Writer, registry string) *group {
	return &group{
		out: out, log: logging.Console(out, !terminal.Colourful(out)), registry: registry, begun: time.Now(),
		instances: map[string]*instance{}, lines: make(chan line, 256),
	}
}

// tell tells the user what the demo does, with the time since its beginning.
func (g *group) tell(format string, args ...any) {
	fmt.Fprintf(g.out, "\n%5.1f s  %s\n", time.Since(g.begun).Seconds(), fmt.Sprintf(format, args...))
}

// start starts an instance with the given name for its host.
func (g *group) start(name string) error {
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
		config.EnvRegistry+"=sqlite:"+g.registry,
		config.EnvGroup+"="+groupName,
		config.EnvHost+"="+name,
		config.EnvLogFormat+"="+string(config.LogJSON),
		config.EnvInterval+"="+timing.Interval.String(),
		config.EnvOrphanAfter+"="+timing.OrphanAfter.String(),
		config.EnvStopGrace+"="+timing.StopGrace.String())
	endWithThread(cmd)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("instance %s: %w", name, err)
	}
	in := &instance{cmd: cmd, read: make(chan struct{})}
	g.instances[name] = in
	g.ended.Go(func() {
		defer close(in.read)
		g.readLog(name, stderr)
	})
	return nil
}

func (g *group) readLog(name string, log io.Reader) {
	for in := bufio.NewScanner(log); in.Scan(); {
		l := line{instance: name, raw: append(bytes.Clone(in.Bytes()), '\n')}
		_ = json.Unmarshal(l.raw, &l)                        // what is not a line of the log has no term
		if !strings.Contains(l.Message, config.Perishable) { // this registry is thrown away anyway
			g.lines <- l
		}
	}
}

// await shows the lines of all logs until ok accepts one, and returns that one.
func (g *group) await(ctx context.Context, ok func(line) bool) (line, error) {
	for {
		select {
		case l := <-g.lines:
			fmt.Fprintf(g.out, "  %s  ", l.instance)
			if _, err := g.log.Write(l.raw); err != nil {
				fmt.Fprintf(g.out, "%s", l.raw)
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
func (g *group) awaitWork(ctx context.Context, term int64) (name string, err error) {
	l, err := g.await(ctx, func(l line) bool { return l.Term == term && l.Tick == 1 })
	return l.instance, err
}

func (g *group) awaitStandby(ctx context.Context, name string) error {
	_, err := g.await(ctx, func(l line) bool { return l.instance == name && strings.HasPrefix(l.Message, "standing by") })
	return err
}

// watch shows the logs for some time.
func (g *group) watch(ctx context.Context, d time.Duration) error {
	enough, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	_, err := g.await(enough, func(line) bool { return false })
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// signal sends an instance a signal by which it has to end. stopAll waits for the end.
func (g *group) signal(name string, s syscall.Signal) error {
	in := g.instances[name]
	delete(g.instances, name)
	if err := in.cmd.Process.Signal(s); err != nil {
		return fmt.Errorf("%v to %s: %w", s, name, err)
	}
	g.ended.Go(func() {
		<-in.read // Wait closes the pipe, so it comes after the last line
		_ = in.cmd.Wait()
	})
	return nil
}

// stopAll stops the instances that are left, and shows the last lines of all logs.
func (g *group) stopAll(ctx context.Context) error {
	for name := range g.instances {
		if err := g.signal(name, syscall.SIGTERM); err != nil {
			return err
		}
	}
	ended := make(chan struct{})
	go func() {
		g.ended.Wait()
		close(ended)
	}()
	for {
		select {
		case <-ended:
			if len(g.lines) == 0 {
				return nil
			}
		default:
		}
		ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		_, err := g.await(ctx, func(line) bool { return true })
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
}

// close stops what is left, also after an interruption.
func (g *group) close() error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), 10*time.Second, errors.New("an instance of the demo did not stop"))
	defer cancel()
	return g.stopAll(ctx)
}
