package simulation

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"testing"
)

// sourcePackage is the package under test without its tests.
type sourcePackage struct {
	files    []string // their names
	exported map[string]string
}

// listPackage finds the package under test, and compiles what it imports.
func listPackage(t *testing.T) sourcePackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-export", "-json=ImportPath,Export,GoFiles", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	p := sourcePackage{exported: map[string]string{}}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var listed struct {
			ImportPath, Export string
			GoFiles            []string
		}
		switch err := d.Decode(&listed); {
		case err == io.EOF:
			return p
		case err != nil:
			t.Fatalf("go list: %v", err)
		}
		p.exported[listed.ImportPath], p.files = listed.Export, listed.GoFiles // the last one is the package itself
	}
}

// check checks the types of the package, some files of which have another text.
func (p sourcePackage) check(changed map[string]string) error {
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.files {
		var text any // nil: that of the file
		if s, ok := changed[name]; ok {
			text = s
		}
		f, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	conf := types.Config{Importer: importer.ForCompiler(set, "gc", func(path string) (io.ReadCloser, error) {
		file, ok := p.exported[path]
		if !ok {
			return nil, errors.New("not listed")
		}
		return os.Open(file)
	})}
	_, err := conf.Check("p", set, files, nil)
	return err
}
