// Pictures makes the pictures of the README from the real thing: it builds
// Understudy, runs a group of three through some takeovers, and photographs the
// page, status --watch and the demo. It needs chromium and script (package
// bsdutils), and takes about a minute:
//
//	cd checks && go run ./pictures ../docs/pictures
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/chromedp/chromedp"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: pictures DIRECTORY")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := draw(ctx, os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func draw(ctx context.Context, to string) error {
	dir, err := os.MkdirTemp("", "understudy-pictures-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "understudy")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "github.com/understudy-go/understudy")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	g := &group{program: program, dir: dir}
	defer g.stop()
	if err := g.play(ctx); err != nil {
		return err
	}

	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true))
	browsers, cancel := chromedp.NewExecAllocator(ctx, options...)
	defer cancel()
	tab, cancel := chromedp.NewContext(browsers)
	defer cancel()

	log.Print("the page")
	err = chromedp.Do(tab, chromedp.EmulateViewport(1040, 720, chromedp.EmulateScale(1.5)),
		chromedp.Navigate(g.page), chromedp.WaitVisible("table"), chromedp.Sleep(2*time.Second))
	if err != nil {
		return fmt.Errorf("page: %w", err)
	}
	if err := photograph(tab, chromedp.FullScreenshot(100), filepath.Join(to, "page.png")); err != nil {
		return fmt.Errorf("page: %w", err)
	}
	for _, shot := range []struct {
		name  string
		args  string
		lasts time.Duration
	}{{"status", "status --watch", 4 * time.Second}, {"demo", "demo", time.Minute}} {
		log.Print(shot.name)
		output, err := g.terminal(ctx, shot.args, shot.lasts)
		if err != nil {
			return err
		}
		page := "data:text/html;charset=utf-8," + url.PathEscape(screen(output, "understudy "+shot.args))
		err = chromedp.Do(tab, chromedp.EmulateViewport(1400, 900, chromedp.EmulateScale(1.5)), chromedp.Navigate(page))
		if err != nil {
			return fmt.Errorf("%s: %w", shot.name, err)
		}
		if err := photograph(tab, chromedp.Screenshot("#terminal"), filepath.Join(to, shot.name+".png")); err != nil {
			return fmt.Errorf("%s: %w", shot.name, err)
		}
	}
	return nil
}

func photograph(tab context.Context, shot chromedp.Action[[]byte], path string) error {
	picture, err := chromedp.Run(tab, shot)
	if err != nil {
		return err
	}
	return os.WriteFile(path, picture, 0o644)
}

// group is three instances on a registry of their own.
type group struct {
	program, dir string
	members      []*exec.Cmd
	page         string
}

func (g *group) environ() []string {
	return append(os.Environ(), "UNDERSTUDY_REGISTRY=sqlite:"+filepath.Join(g.dir, "registry.db"), "UNDERSTUDY_GROUP=orders",
		"UNDERSTUDY_HEARTBEAT_INTERVAL=500ms", "UNDERSTUDY_ORPHAN_AFTER=9s", "UNDERSTUDY_STOP_GRACE=1s", "NO_PROXY=*", "TERM=xterm-256color")
}

// play lets the group take over from each other, in order and after a crash.
func (g *group) play(ctx context.Context) error {
	for _, host := range []string{"ams-1", "fra-2", "lon-3"} {
		if err := g.join(host); err != nil {
			return err
		}
	}
	for i, pause := range []time.Duration{6, 4, 7} {
		if err := sleep(ctx, pause*time.Second); err != nil {
			return err
		}
		if i == 1 {
			log.Print("a crash")
			_ = g.members[1].Process.Kill()
			_ = g.members[1].Wait()
			if err := errors.Join(sleep(ctx, 14*time.Second), g.join("fra-2")); err != nil {
				return err
			}
			continue
		}
		log.Print("a hand-over")
		handover := exec.CommandContext(ctx, g.program, "handover", "--wait")
		handover.Env = g.environ()
		if out, err := handover.CombinedOutput(); err != nil {
			return fmt.Errorf("handover: %w: %s", err, out)
		}
	}
	return sleep(ctx, 5*time.Second)
}

var serving = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// join starts an instance and waits until it stands by or works.
func (g *group) join(host string) error {
	path := filepath.Join(g.dir, fmt.Sprintf("%s-%d.log", host, len(g.members)))
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(g.program)
	cmd.Env = append(g.environ(), "UNDERSTUDY_HOST="+host, "UNDERSTUDY_HTTP_ADDR=127.0.0.1:0", "UNDERSTUDY_LOG_FORMAT=json")
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return err
	}
	g.members = append(g.members, cmd)
	for range 500 {
		text, _ := os.ReadFile(path)
		if page := serving.Find(text); page != nil && (bytes.Contains(text, []byte("standing by for")) || bytes.Contains(text, []byte("active in term"))) {
			g.page = string(page)
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	text, _ := os.ReadFile(path)
	return fmt.Errorf("%s did not come up:\n%s", host, text)
}

func (g *group) stop() {
	for _, m := range g.members {
		_ = m.Process.Signal(syscall.SIGTERM)
	}
	for _, m := range g.members {
		_ = m.Wait()
	}
}

// terminal runs the program on a terminal, and returns what that got.
func (g *group) terminal(ctx context.Context, args string, lasts time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, lasts)
	defer cancel()
	typescript := filepath.Join(g.dir, "typescript")
	cmd := exec.CommandContext(ctx, "script", "--quiet", "--flush", "--return", "--command",
		"stty cols 132 rows 40; exec "+g.program+" "+args, typescript)
	cmd.Env = g.environ()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	text, readErr := os.ReadFile(typescript)
	if err != nil && ctx.Err() == nil || readErr != nil {
		return "", fmt.Errorf("%s: %w: %s", args, errors.Join(err, readErr), text)
	}
	_, output, _ := strings.Cut(string(text), "\n") // script's own first line
	output, _, _ = strings.Cut(output, "\nScript done on ")
	return strings.Replace(output, g.program, "understudy", -1), nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
