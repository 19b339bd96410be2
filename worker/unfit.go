package worker

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/understudy-go/understudy/worker/internal/guard"
)

// checkScript says what is wrong with the first line of a script, if anything is.
// ErrNotFound, ErrNotExecutable.
func checkScript(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	interpreter, crlf := shebang(head(path))
	if crlf {
		return fmt.Errorf("%w: %q: its first line ends with CR LF, as on Windows, so that its interpreter is not found: save it with LF alone (sed -i 's/\\r$//' %s)",
			ErrNotExecutable, path, path)
	}
	if !strings.HasPrefix(interpreter, "/") {
		return nil
	}
	if _, err := os.Stat(interpreter); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %q: its first line names an interpreter that does not exist, %q", ErrNotFound, path, interpreter)
	}
	return nil
}

// shebang is the interpreter that a script names; crlf, that its first line ends
// with CR LF.
func shebang(text []byte) (interpreter string, crlf bool) {
	text, ok := bytes.CutPrefix(text, []byte("#!"))
	if !ok {
		return "", false
	}
	line, _, whole := bytes.Cut(text, []byte("\n"))
	if fields := bytes.Fields(line); len(fields) > 0 {
		interpreter = string(fields[0])
	}
	return interpreter, whole && bytes.HasSuffix(line, []byte("\r"))
}

// head is how a file begins, as far as it can be read.
func head(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(f, 256))
	return text
}

// diagnosed is why a command could not be executed, in words that say what to do
// where the kernel's do not.
func diagnosed(path string, err error) error {
	if dir, ok := errors.AsType[*guard.DirError](err); ok {
		return fmt.Errorf("it can't be started in the directory that Understudy was started in: %w", dir)
	}
	info, missing := os.Stat(path)
	is := func(target error) bool { return errors.Is(err, target) }
	switch {
	case is(syscall.EAGAIN):
		return fmt.Errorf("%w: too many processes (RLIMIT_NPROC, TasksMax, or a container's limit of PIDs)", err)
	case missing != nil:
		return err
	case is(fs.ErrPermission) && info.IsDir():
		return fmt.Errorf("%w: it is a directory", err)
	case is(fs.ErrPermission) && info.Mode()&0o111 == 0:
		return fmt.Errorf("%w: it lacks the permission to be executed: chmod +x %s", err, path)
	case is(fs.ErrNotExist):
		if why := checkScript(path); why != nil {
			return why
		}
		if loader := loader(path); loader != "" {
			return fmt.Errorf("%w: the file is there, but not the loader that it names, %s: it was built for another C library, or another system", err, loader)
		}
		return fmt.Errorf("%w: the file is there, but not what it needs to run", err)
	case is(syscall.ENOEXEC):
		return fmt.Errorf("%w: %s", err, noFormat(path))
	}
	return err
}

// noFormat says why the kernel knows no way to execute a file.
func noFormat(path string) string {
	text := head(path)
	if f, err := elf.Open(path); err == nil {
		defer f.Close()
		return fmt.Sprintf("it was built for another machine (%s), and this is %s", strings.TrimPrefix(f.Machine.String(), "EM_"), runtime.GOARCH)
	}
	switch {
	case len(text) == 0:
		return "it is empty"
	case !bytes.Contains(text, []byte{0}) && (utf8.Valid(text) || len(text) == 256):
		return "it is a script whose first line names no interpreter: let it begin with #!/bin/sh, or whichever runs it"
	}
	return "it is no program for this machine"
}

// loader is the program that a program names to load it, if there is one and it
// is missing.
func loader(path string) string {
	f, err := elf.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for _, part := range f.Progs {
		if part.Type != elf.PT_INTERP || part.Filesz > 4096 {
			continue
		}
		name, _ := io.ReadAll(part.Open())
		name = bytes.TrimRight(name, "\x00")
		if _, err := os.Stat(string(name)); errors.Is(err, fs.ErrNotExist) {
			return string(name)
		}
	}
	return ""
}
