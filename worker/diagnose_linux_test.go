package worker

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/exitcode"
)

// executable writes a file with the given mode, and returns its path.
func executable(t *testing.T, dir, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// elfHeader returns a program without code for a machine. It names a loader, unless
// that is "".
func elfHeader(machine uint16, loader string) string {
	b := make([]byte, 64+56, 64+56+len(loader)+1)
	copy(b, "\x7fELF\x02\x01\x01")
	le := binary.LittleEndian
	le.PutUint16(b[16:], 2)
	le.PutUint16(b[18:], machine)
	le.PutUint32(b[20:], 1)
	le.PutUint64(b[32:], 64) // program headers
	le.PutUint16(b[52:], 64)
	le.PutUint16(b[54:], 56)
	le.PutUint16(b[56:], 1)
	le.PutUint16(b[58:], 64)
	le.PutUint32(b[64:], 3) // PT_INTERP
	le.PutUint64(b[64+8:], 64+56)
	le.PutUint64(b[64+32:], uint64(len(loader)+1))
	return string(append(append(b, loader...), 0))
}

func TestResolve_SaysWhatIsWrongWithAProgram(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", filepath.Join(dir, "bin"))
	t.Chdir(dir)
	if err := os.Mkdir("bin", 0o755); err != nil {
		t.Fatal(err)
	}
	executable(t, dir, "bin/unfit", "#!/bin/sh\n", 0o644)
	executable(t, dir, "feed.py", "#!/bin/sh\n", 0o755)
	executable(t, dir, "plain.py", "#!/bin/sh\n", 0o644)
	executable(t, dir, "crlf", "#!/bin/sh\r\nexit\r\n", 0o755)
	executable(t, dir, "env-crlf", "#!/usr/bin/env sh\r\nexit\r\n", 0o755)
	executable(t, dir, "snake", "#!/usr/bin/nosuchpython -u\n", 0o755)
	for name, want := range map[string]struct {
		is   error
		text string
	}{
		"feed.py":    {ErrNotFound, "write ./feed.py"},
		"plain.py":   {ErrNotFound, "write ./plain.py, after chmod +x plain.py"},
		"./plain.py": {ErrNotExecutable, "chmod +x ./plain.py"},
		"unfit":      {ErrNotExecutable, "chmod +x " + filepath.Join(dir, "bin/unfit")},
		"./bin":      {ErrNotExecutable, "is a directory"},
		"./crlf":     {ErrNotExecutable, "CR LF"},
		"./env-crlf": {ErrNotExecutable, "CR LF"},
		"./snake":    {ErrNotFound, `names an interpreter that does not exist, "/usr/bin/nosuchpython"`},
	} {
		if path, err := Resolve(name); !errors.Is(err, want.is) || !strings.Contains(err.Error(), want.text) || path != "" {
			t.Errorf("%s: %q, %v, want %v, and %s", name, path, err, want.is, want.text)
		}
	}
	if path, err := Resolve("./feed.py"); err != nil {
		t.Errorf("./feed.py: %q, %v", path, err)
	}
}

func TestCommand_LogsWhatIsWrongWithAProgramAtItsStart(t *testing.T) {
	dir := t.TempDir()
	machines := map[string]uint16{"amd64": 62, "arm64": 183}
	for _, tt := range []struct {
		name, text string
		mode       os.FileMode
		code       int
		want       string
	}{
		{"no-interpreter", "echo hello\n", 0o755, exitcode.NotExecutable, "let it begin with #!/bin/sh"},
		{"empty", "", 0o755, exitcode.NotExecutable, "it is empty"},
		{"crlf", "#!/bin/sh\r\nexit\r\n", 0o755, exitcode.NotExecutable, "CR LF"},
		{"snake", "#!/usr/bin/nosuchpython\n", 0o755, exitcode.NotFound, "names an interpreter that does not exist"},
		{"unfit", "#!/bin/sh\n", 0o644, exitcode.NotExecutable, "chmod +x"},
		{"foreign", elfHeader(0x7777, ""), 0o755, exitcode.NotExecutable, "it was built for another machine"},
		{"musl", elfHeader(machines[runtime.GOARCH], "/lib/nosuch-ld.so"), 0o755, exitcode.NotFound, "the loader that it names, /lib/nosuch-ld.so"},
		{"garbage", "\x00\x01\x02\x03", 0o755, exitcode.NotExecutable, "no program for this machine"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := testSpec(t, testMark(), "")
			spec.Path, spec.Args, spec.Restart = executable(t, dir, tt.name, tt.text, tt.mode), nil, config.RestartNever
			var log output
			spec.Log = zerolog.New(&log)
			_, result := start(t, context.Background(), spec)
			wantExit(t, result, tt.code)
			if !strings.Contains(log.String(), tt.want) {
				t.Errorf("want %q in the log:\n%s", tt.want, log.String())
			}
		})
	}
}
