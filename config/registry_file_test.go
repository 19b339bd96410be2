package config

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestRegistryFile_HoldsTheURI(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const uri = "mongodb://app:pw@db/app"
	tests := []struct{ name, path, want string }{
		{"plain", write("plain", uri), ""},
		{"newline", write("newline", uri+"\n"), ""},
		{"crlf", write("crlf", uri+"\r\n"), ""},
		{"missing", filepath.Join(dir, "none"), "want a file that can be read"},
		{"empty", write("empty", ""), "this file is empty"},
		{"newline only", write("nl", "\n"), "this file is empty"},
		{"huge", write("huge", strings.Repeat("x", 64<<10+1)), "larger than 64 KiB"},
		{"lines", write("lines", uri+"\n"+uri), "several lines"},
		{"directory", dir, "not a regular file"},
		{"wrong", write("wrong", "mongodb://app:pw@"), `its content="mongodb://xxxxx": host 1 of 1`},
		{"NUL", write("nul", "sqlite:a\x00"), "a control character"},
		{"binary", write("binary", "\x01\x02\x00"), `its content="xxxxx": ` + wantRegistry},
		{"UTF-16", write("utf16", "\xff\xfem\x00"), "its content: it begins with a byte order mark of UTF-16"},
		{"byte order mark", write("bom", "\uFEFF"+uri), "its content: it begins with a byte order mark (U+FEFF): remove it"},
		{"space at the end", write("space", uri+" \n"), "its content: it ends with a space"},
		{"quoted", write("quoted", `"`+uri+`"`), `its content: it begins with a quote (")`},
		{"not expanded", write("expand", "mongodb://app:${PASSWORD}@db/app"), "write %24"},
		{"missing directory", write("dir", "sqlite:/no/such/dir/x.db"), "its directory does not exist"},
		{"not expanded itself", "$CREDENTIALS_DIRECTORY/uri", "has a $ in it"},
		{"a URI itself", uri, "want the path of a file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			setenv(t, env{"UNDERSTUDY_REGISTRY_FILE": tt.path})
			c, _, err := onMachine()
			if tt.want == "" {
				if err != nil || c.Registry.URI.Reveal() != uri || c.Database != "app" {
					t.Errorf("got %v, error %v", c, err)
				}
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), "UNDERSTUDY_REGISTRY_FILE=") || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "pw") {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestRegistryFile_Unreadable(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("the mode of a file does not keep this user from reading it")
	}
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("mongodb://h"), 0); err != nil {
		t.Fatal(err)
	}
	setenv(t, env{"UNDERSTUDY_REGISTRY_FILE": path})
	if _, _, err := onMachine(); err == nil || !strings.Contains(err.Error(), "want a file that can be read") {
		t.Errorf("got %v", err)
	}
}

func TestRegistryFile_ExcludesRegistry(t *testing.T) {
	setenv(t, env{"UNDERSTUDY_REGISTRY": "mongodb://u:pw@h", "UNDERSTUDY_REGISTRY_FILE": "/run/secrets/uri"})
	_, _, err := onMachine()
	if err == nil || !strings.Contains(err.Error(), "both set") || strings.Contains(err.Error(), "pw") {
		t.Errorf("got %v", err)
	}
}
