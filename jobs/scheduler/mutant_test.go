package scheduler

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var runMutants = flag.Bool("mutants", false, "show that the simulation catches each mutant; compiles each of them")

// mutant is the protocol with one rule broken: in the source, by replacements at compile
// time, or in the simulated world.
type mutant struct {
	name   string
	swaps  []swap
	broken breakage
	// held says why breaking this rule alone does no harm: which other rule
	// holds. The next mutants of the table break both.
	held string
}

type swap struct{ file, old, new string }

// mutantHours is how long each mutant may last until it is caught, in simulated hours.
// The unbroken code lasts longer on the same seeds.
const mutantHours = 3000

// sources returns the mutated files.
func (m mutant) sources() (map[string]string, error) {
	files := map[string]string{}
	for _, s := range m.swaps {
		text, ok := files[s.file]
		if !ok {
			source, err := os.ReadFile(s.file)
			if err != nil {
				return nil, err
			}
			text = string(source)
		}
		if n := strings.Count(text, s.old); n != 1 {
			return nil, fmt.Errorf("%s has %d of %q, want 1", s.file, n, s.old)
		}
		files[s.file] = strings.Replace(text, s.old, s.new, 1)
	}
	return files, nil
}

func TestMutantsFitTheSource(t *testing.T) {
	for _, m := range mutants {
		files, err := m.sources()
		if err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
		for name, text := range files {
			if _, err := parser.ParseFile(token.NewFileSet(), name, text, 0); err != nil {
				t.Errorf("%s: %v", m.name, err)
			}
		}
	}
}

// TestSimulationCatchesMutants breaks the rules one by one.
func TestSimulationCatchesMutants(t *testing.T) {
	if !*runMutants {
		t.Skipf("%d mutants are compiled and simulated with -mutants only", len(mutants))
	}
	plain := build(t, mutant{name: "unbroken"})
	simulate := func(binary string, b breakage) ([]byte, error) {
		return exec.Command(binary, "-test.run=^TestSimulation$", fmt.Sprintf("-sim.hours=%d", mutantHours), "-sim.broken="+string(b)).CombinedOutput()
	}
	if out, err := simulate(plain, unbroken); err != nil {
		t.Fatalf("unbroken: %v\n%s", err, out)
	}
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			binary := plain
			if len(m.swaps) > 0 {
				binary = build(t, m)
			}
			out, _ := simulate(binary, m.broken)
			hours, how := caught(out)
			switch {
			case hours == "" && m.held == "":
				t.Errorf("not caught within %d simulated hours:\n%s", mutantHours, out)
			case hours == "":
				t.Logf("MUTANT %-60s %8s  held: %s", m.name, "-", m.held)
			case m.held != "":
				t.Errorf("caught after %s simulated hours (%s), although: %s", hours, how, m.held)
			default:
				t.Logf("MUTANT %-60s %8s  %s", m.name, hours, how)
			}
		})
	}
}

var verdictOf = regexp.MustCompile(`after ([0-9.]+) simulated hours, seed \d+ \(.*?\), at [^:]+: (.*)`)

// caught returns after how many simulated hours the simulation failed, and why.
func caught(out []byte) (hours, how string) {
	if found := verdictOf.FindSubmatch(out); found != nil {
		return string(found[1]), string(found[2])
	}
	return "", ""
}

// build compiles this package's tests with the mutated source.
func build(t *testing.T, m mutant) string {
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
	out, err := exec.Command("go", "test", "-c", "-overlay", filepath.Join(dir, "overlay.json"), "-o", binary, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}
