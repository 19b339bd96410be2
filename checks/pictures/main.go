// Pictures makes the pictures of the documents from the real program: it builds Understudy,
// takes a group of three instances through some takeovers, and photographs the page,
// status --watch and the demo, and then the jobs of another group. It needs chromium and
// script (package bsdutils), and takes about twelve minutes, since jobs need some runs:
//
//	cd checks && go run ./pictures ../docs/pictures
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/understudy-go/understudy/checks/part"
)

// scale is the number of pixels of a picture for each pixel of the page.
const scale = 1.25

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
	root, err := part.Root()
	if err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-ldflags=-X github.com/understudy-go/understudy/internal/cli.release=v0.1.0", "-o", program, ".")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	g := &group{name: "orders", program: program, dir: dir}
	defer g.stop()
	if err := g.takeOver(ctx); err != nil {
		return err
	}

	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true))
	browsers, cancel := chromedp.NewExecAllocator(ctx, options...)
	defer cancel()
	tab, cancel := chromedp.NewContext(browsers)
	defer cancel()

	if err := chromedp.Do(tab); err != nil { // otherwise the browser would end with the first limit
		return fmt.Errorf("chromium: %w", err)
	}

	log.Print("the page")
	if err := photograph(tab, g.page, 1040, filepath.Join(to, "page.png")); err != nil {
		return fmt.Errorf("page: %w", err)
	}
	for _, shot := range []struct {
		name, args string
		lasts      time.Duration
	}{{"status", "status --watch", 4 * time.Second}, {"demo", "demo", time.Minute}} {
		log.Print(shot.name)
		output, err := g.terminal(ctx, shot.args, shot.lasts)
		if err != nil {
			return err
		}
		page := filepath.Join(dir, shot.name+".html")
		if err := os.WriteFile(page, []byte(screen(output, "understudy "+shot.args)), 0o600); err != nil {
			return err
		}
		if err := photograph(tab, "file://"+page, 0, filepath.Join(to, shot.name+".png")); err != nil {
			return fmt.Errorf("%s: %w", shot.name, err)
		}
	}
	withJobs := &group{name: "shop", program: program, dir: filepath.Join(dir, "jobs")}
	defer withJobs.stop()
	if err := os.Mkdir(withJobs.dir, 0o700); err != nil {
		return err
	}
	return jobsPictures(ctx, tab, withJobs, to)
}

// photograph writes a picture of a page at a width, or of the whole page. Each function of
// prepare may change the page first.
func photograph(tab context.Context, address string, width int64, path string, prepare ...func(tab context.Context) error) error {
	tab, cancel := context.WithTimeout(tab, time.Minute)
	defer cancel()
	err := chromedp.Do(tab, chromedp.EmulateViewport(max(width, 2000), 600, chromedp.EmulateScale(scale)),
		chromedp.Navigate(address), chromedp.Sleep(3*time.Second)) // the page draws itself in this time
	if err != nil {
		return err
	}
	for _, f := range prepare {
		if err := f(tab); err != nil {
			return err
		}
	}
	if width == 0 {
		if width, err = chromedp.Run(tab, chromedp.Evaluate[int64](`Math.ceil(document.getElementById("terminal").getBoundingClientRect().width)`)); err != nil {
			return err
		}
	}
	if err := chromedp.Do(tab, chromedp.EmulateViewport(width, 600, chromedp.EmulateScale(scale)), chromedp.Sleep(time.Second)); err != nil {
		return err
	}
	height, err := chromedp.Run(tab, chromedp.Evaluate[int64](`document.documentElement.scrollHeight > 600 ? document.documentElement.scrollHeight :
		Math.ceil(document.body.getBoundingClientRect().height)`))
	if err != nil {
		return err
	}
	if err := chromedp.Do(tab, chromedp.EmulateViewport(width, height, chromedp.EmulateScale(scale)), chromedp.Sleep(time.Second)); err != nil {
		return err
	}
	picture, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
	if err != nil {
		return err
	}
	drawn, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return err
	}
	var small bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, drawn); err != nil {
		return err
	}
	return os.WriteFile(path, small.Bytes(), 0o644)
}

// group is three instances with a registry of their own.
type group struct {
	name, program, dir string
	env                []string // of the instances
	members            []*exec.Cmd
	hosts              []string // of the members
	page               string
}

func (g *group) environ() []string {
	return append(os.Environ(), "UNDERSTUDY_REGISTRY=sqlite:"+filepath.Join(g.dir, "registry.db"), "UNDERSTUDY_GROUP="+g.name,
		"UNDERSTUDY_HEARTBEAT_INTERVAL=500ms", "UNDERSTUDY_ORPHAN_AFTER=9s", "UNDERSTUDY_STOP_GRACE=1s", "NO_PROXY=*", "TERM=xterm-256color")
}

// takeOver makes the instances take over from each other, in order and after a crash.
func (g *group) takeOver(ctx context.Context) error {
	for _, host := range []string{"ams-1", "fra-2", "lon-3"} {
		if err := g.join(host); err != nil {
			return err
		}
	}
	for i, pause := range []time.Duration{6 * time.Second, 4 * time.Second, 7 * time.Second} {
		if err := sleep(ctx, pause); err != nil {
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
		log.Print("a handover")
		handover := exec.CommandContext(ctx, g.program, "handover", "--wait")
		handover.Env = g.environ()
		if out, err := handover.CombinedOutput(); err != nil {
			return fmt.Errorf("handover: %w: %s", err, out)
		}
	}
	return sleep(ctx, 5*time.Second)
}

var serving = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// join starts an instance and waits until it is passive or active.
func (g *group) join(host string) error {
	path := filepath.Join(g.dir, fmt.Sprintf("%s-%d.log", host, len(g.members)))
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(g.program)
	cmd.Env = append(append(g.environ(), g.env...), "UNDERSTUDY_HOST="+host, "UNDERSTUDY_HTTP_ADDR=127.0.0.1:0", "UNDERSTUDY_LOG_FORMAT=json")
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return err
	}
	g.members, g.hosts = append(g.members, cmd), append(g.hosts, host)
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

// terminal runs the program on a terminal and returns its output there.
func (g *group) terminal(ctx context.Context, args string, lasts time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, lasts)
	defer cancel()
	typescript := filepath.Join(g.dir, "typescript")
	cmd := exec.CommandContext(ctx, "script", "--quiet", "--flush", "--return", "--command",
		"stty cols 132 rows 40; exec "+g.program+" "+args, typescript)
	cmd.Env, cmd.Dir = g.environ(), g.dir
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
