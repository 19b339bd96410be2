package guard

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestDoc_NamesTestsThatExist(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	for _, dir := range []string{".", "../.."} {
		files, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tests.Write(data)
		}
	}
	names := regexp.MustCompile(`Test[A-Za-z]+_\w+`).FindAllString(string(doc), -1)
	if len(names) < 10 {
		t.Errorf("%d names of tests in doc.go: %v", len(names), names)
	}
	for _, name := range names {
		if !strings.Contains(tests.String(), "func "+name+"(t *testing.T)") {
			t.Errorf("doc.go names %s, which does not exist", name)
		}
	}
}
