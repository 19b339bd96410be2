//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// result is what a run of the benchmark leaves.
type result struct {
	Date     string            `json:"date"`
	Command  string            `json:"command"`
	Machine  machine           `json:"machine"`
	Versions map[string]string `json:"versions"`
	Settings map[string]string `json:"settings"`
	Figures  []figure          `json:"figures"`
}

type machine struct {
	Processor string `json:"processor"`
	Cores     int    `json:"cores"`
	Memory    string `json:"memory"`
	Kernel    string `json:"kernel"`
	// Load is the load average of the last minute when the run began and when it ended: what
	// others did on this machine is in the figures as well.
	LoadBefore string `json:"loadBefore"`
	LoadAfter  string `json:"loadAfter"`
}

func newResult() *result {
	r := &result{
		Date: time.Now().UTC().Format(time.RFC3339), Command: "go run . " + strings.Join(os.Args[1:], " "),
		Versions: map[string]string{"go": runtime.Version()}, Settings: map[string]string{},
		Machine: machine{
			Processor: field("/proc/cpuinfo", "model name"), Cores: runtime.NumCPU(), Memory: field("/proc/meminfo", "MemTotal"),
			Kernel: word("/proc/sys/kernel/osrelease", 0), LoadBefore: load(),
		},
	}
	r.Command = strings.TrimSpace(r.Command)
	for _, set := range understudy("sqlite").settings {
		t := set.timing
		r.Settings["Understudy, "+set.name] = fmt.Sprintf("interval %v, orphan after %v, stop grace %v", t.Interval, t.OrphanAfter, t.StopGrace)
	}
	return r
}

// version notes the version of a module of this program.
func (r *result) version(modules ...string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return
	}
	for _, m := range info.Deps {
		for _, name := range modules {
			if m.Path == name {
				r.Versions[name] = m.Version
			}
		}
	}
}

// versionOf notes the version of a module of another module.
func (r *result) versionOf(dir string, modules ...string) {
	for _, name := range modules {
		cmd := exec.Command("go", "list", "-m", "-f", "{{.Version}}", name)
		cmd.Dir = dir
		if out, err := cmd.Output(); err == nil {
			r.Versions[name] = strings.TrimSpace(string(out))
		}
	}
}

// commit notes which state of the repository was measured.
func (r *result) commit() {
	out, err := exec.Command("git", "describe", "--always", "--dirty", "--tags").Output()
	if err == nil {
		r.Versions["understudy"] = strings.TrimSpace(string(out))
	}
}

func (r *result) write(path string) error {
	r.Machine.LoadAfter = load()
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}

func readResult(path string) (*result, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := new(result)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// table prints the figures as a table of Markdown.
func (r *result) table(w io.Writer) {
	m := r.Machine
	fmt.Fprintf(w, "%s, `%s`, %s, %d cores, %s, load %s to %s\n\n", r.Date, r.Command, m.Processor, m.Cores, m.Memory, m.LoadBefore, m.LoadAfter)
	fmt.Fprintln(w, "| measure | system | setting | median | 10 % to 90 % | n | of the floor | |")
	fmt.Fprintln(w, "|---|---|---|---:|---:|---:|---:|---|")
	for _, f := range r.Figures {
		setting := f.Setting
		if f.Instances > 0 {
			setting = fmt.Sprintf("%d, %s", f.Instances, f.Groups)
		}
		median, spread, ratio := "–", "–", ""
		if f.N > 0 {
			median = number(f.Median) + " " + f.Unit
		}
		if f.N > 1 {
			spread = number(f.Low) + " to " + number(f.High)
		}
		if f.Ratio > 0 {
			ratio = number(f.Ratio) + " ×"
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %d | %s | %s |\n", f.Measure, f.System, setting, median, spread, f.N, ratio, strings.ReplaceAll(f.Note, "|", "/"))
	}
}

// number writes a number with three digits that matter.
func number(x float64) string {
	switch a := max(x, -x); {
	case a >= 100:
		return fmt.Sprintf("%.0f", x)
	case a >= 10:
		return fmt.Sprintf("%.1f", x)
	default:
		return fmt.Sprintf("%.2f", x)
	}
}

func load() string { return word("/proc/loadavg", 0) }

func word(path string, n int) string {
	data, _ := os.ReadFile(path)
	if fields := strings.Fields(string(data)); n < len(fields) {
		return fields[n]
	}
	return ""
}

func field(path, name string) string {
	data, _ := os.ReadFile(path)
	for line := range strings.Lines(string(data)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.Join(strings.Fields(value), " ")
		}
	}
	return ""
}
