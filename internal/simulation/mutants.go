package simulation

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/internal/pattern"
)

var runMutants = flag.Bool("mutants", false, "show that the simulation catches each mutant; compiles each of them")

// Mutant is the package under test with one rule broken: in the source, by replacements at
// compile time, or in the simulated world.
type Mutant struct {
	Name   string
	Swaps  []Swap
	Broken string
	// Held says why breaking this rule alone does no harm: which other rule
	// holds. The next mutants of the table break both.
	Held string
	// Rare says how many times longer than others the mutant may take, since what it breaks
	// matters only when several things go wrong together; 0: no longer.
	Rare int
}

// Swap is a replacement in the source: the file, the old text, which has to be there
// once, and the new one.
type Swap [3]string

// sources returns the mutated files.
func (m Mutant) sources() (map[string]string, error) {
	files := map[string]string{}
	for _, s := range m.Swaps {
		file, old, replacement := s[0], s[1], s[2]
		text, ok := files[file]
		if !ok {
			source, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			text = string(source)
		}
		if n := strings.Count(text, old); n != 1 {
			return nil, fmt.Errorf("%s has %d of %q, want 1", file, n, old)
		}
		files[file] = strings.Replace(text, old, replacement, 1)
	}
	return files, nil
}

// FitTheSource checks that each mutant can be made from the source as it is, and would
// compile.
func FitTheSource(t *testing.T, mutants []Mutant) {
	t.Helper()
	p := listPackage(t)
	for _, m := range mutants {
		files, err := m.sources()
		if err == nil {
			err = p.check(files)
		}
		if err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
	}
}

// Catch breaks the rules one by one. TestSimulation of the package under test has to fail
// for each mutant within so many simulated hours, or some times as many if it is rare, and has
// to pass for so long on the same seeds while nothing is broken.
func Catch(t *testing.T, mutants []Mutant, hours int) {
	t.Helper()
	if !*runMutants {
		t.Skipf("%d mutants are compiled and simulated with -mutants only", len(mutants))
	}
	plain := build(t, Mutant{Name: "unbroken"})
	simulate := func(binary, broken string, hours int) ([]byte, error) {
		return exec.Command(binary, "-test.run=^TestSimulation$", fmt.Sprintf("-sim.hours=%d", hours), "-sim.broken="+broken).CombinedOutput()
	}
	if out, err := simulate(plain, "", hours); err != nil {
		t.Fatalf("unbroken: %v\n%s", err, out)
	}
	for _, m := range mutants {
		t.Run(m.Name, func(t *testing.T) {
			if m.Rare > 1 && testing.Short() {
				t.Skipf("it may take %d simulated hours: left out with -short", m.Rare*hours)
			}
			t.Parallel() // one is compiled while another is simulated
			binary := plain
			if len(m.Swaps) > 0 {
				binary = build(t, m)
			}
			hours := hours * max(1, m.Rare)
			if m.Held != "" {
				hours /= 3 // nothing is to happen, and no time would prove that
			}
			out, _ := simulate(binary, m.Broken, hours)
			after, how := caught(out)
			switch {
			case after == "" && m.Held == "":
				t.Errorf("not caught within %d simulated hours:\n%s", hours, out)
			case after == "":
				t.Logf("MUTANT %-60s %8s  held: %s", m.Name, "-", m.Held)
			case m.Held != "":
				t.Errorf("caught after %s simulated hours (%s), although: %s", after, how, m.Held)
			default:
				t.Logf("MUTANT %-60s %8s  %s", m.Name, after, how)
			}
		})
	}
}

var violationOf = pattern.Lazy(`after ([0-9.]+) simulated hours, seed \d+ \(.*?\), at [^:]+: (.*)`)

// caught returns after how many simulated hours the simulation failed, and why.
func caught(out []byte) (hours, how string) {
	if found := violationOf().FindSubmatch(out); found != nil {
		return string(found[1]), string(found[2])
	}
	return "", ""
}

// build compiles the tests of the package under test with the mutated source.
func build(t *testing.T, m Mutant) string {
	dir := t.TempDir()
	files, err := m.sources()
	if err != nil {
		t.Fatal(err)
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for name, text := range files {
		abs, err := filepath.Abs(name)
		if err != nil {
			t.Fatal(err)
		}
		overlay.Replace[abs] = filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(overlay.Replace[abs], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), list, 0o600); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "sim.exe")
	out, err := exec.Command("go", "test", "-c", "-ldflags=-s -w", "-overlay", filepath.Join(dir, "overlay.json"), "-o", binary, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}
