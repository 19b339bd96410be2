package config

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
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
