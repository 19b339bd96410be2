package heartbeat

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// The file of each part of the machine, which alone may assign the part's fields.
var partFiles = map[string]string{
	"registration": "registration.go", "schedule": "schedule.go", "backlog": "backlog.go", "observations": "observations.go",
	"vacancy": "vacancy.go", "tenure": "tenure.go", "drain": "drain.go", "departure": "departure.go", "outage": "outage.go", "announced": "announced.go",
	"successor": "successor.go", "place": "place.go", "bell": "bell.go",
}

// An assignment by a pointer to a field of a part is not seen here.
func TestParts_AreWrittenByTheirOwnMethods(t *testing.T) {
	fields := map[string]string{} // field of a part -> the part
	m := reflect.TypeFor[machine]()
	for i := range m.NumField() {
		f := m.Field(i)
		if partFiles[f.Name] == "" {
			if f.Type.Kind() == reflect.Struct && f.Name != "settings" {
				t.Errorf("the part %s has no file", f.Name)
			}
			continue
		}
		for j := range f.Type.NumField() {
			fields[f.Name+"."+f.Type.Field(j).Name] = f.Name
		}
	}
	if len(fields) < 40 {
		t.Fatalf("only %d fields in the parts", len(fields))
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			var written []ast.Expr
			switch n := n.(type) {
			case *ast.AssignStmt:
				written = n.Lhs
			case *ast.IncDecStmt:
				written = []ast.Expr{n.X}
			}
			for _, e := range written {
				path := selectors(e)
				for i := 0; i+1 < len(path); i++ {
					part := fields[path[i]+"."+path[i+1]]
					if part != "" && name != partFiles[part] {
						t.Errorf("%s assigns %s", name, strings.Join(path, "."))
					}
				}
			}
			return true
		})
	}
}

// selectors returns the names of an expression like a.b.c.
func selectors(e ast.Expr) []string {
	switch e := e.(type) {
	case *ast.Ident:
		return []string{e.Name}
	case *ast.SelectorExpr:
		return append(selectors(e.X), e.Sel.Name)
	case *ast.IndexExpr:
		return selectors(e.X)
	case *ast.StarExpr:
		return selectors(e.X)
	}
	return nil
}
