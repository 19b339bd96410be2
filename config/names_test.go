package config

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// constants returns the values of the constants in names.go whose names begin
// with Env, and not the prefixes.
func constants(t *testing.T) (values []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "names.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		sum, ok := n.(*ast.BinaryExpr)
		if !ok {
			return true
		}
		rest, err := strconv.Unquote(sum.Y.(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		if name := EnvPrefix + rest; name != EnvTestPrefix {
			values = append(values, name)
		}
		return true
	})
	return values
}

// A constant that is neither a variable nor an export would be a name that nobody uses,
// or one that is reported as unknown.
func TestNames_AreTheVariablesAndTheExports(t *testing.T) {
	var used []string
	for _, v := range Variables {
		used = append(used, v.Name)
	}
	used = append(used, exports...)
	slices.Sort(used)
	names := constants(t)
	slices.Sort(names)
	if !slices.Equal(names, used) {
		t.Errorf("names.go has %q\nthe variables and exports are %q", names, used)
	}
}

// A name that is spelled out in a second place can differ there by a letter, and
// nothing notices.
func TestNames_AreSpelledOutOnlyHere(t *testing.T) {
	names := constants(t)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if base := d.Name(); base != ".." && strings.HasPrefix(base, ".") || base == "checks" || base == "bench" || base == "testdata" {
				return fs.SkipDir
			}
			return nil
		case !strings.HasSuffix(path, ".go"), strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			if text, _ := strconv.Unquote(lit.Value); slices.Contains(names, strings.TrimSuffix(text, "=")) {
				t.Errorf("%s spells out %q: use the constant of package config", path, text)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
