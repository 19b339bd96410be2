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

// diagnose says why a command could not be executed, and what to do where the
// kernel's error does not show that. The error wraps err, or what checkScript says.
func diagnose(path string, err error) error {
	if dir, ok := errors.AsType[*guard.DirError](err); ok {
		return fmt.Errorf("it cannot be started in the directory that Understudy was started in: %w", dir)
	}
	info, statErr := os.Stat(path)
	is := func(target error) bool { return errors.Is(err, target) }
	switch {
	case is(syscall.EAGAIN):
		return fmt.Errorf("%w: too many processes (RLIMIT_NPROC, TasksMax, or a container's limit of PIDs)", err)
	case statErr != nil:
		return err
	case is(fs.ErrPermission) && info.IsDir():
		return fmt.Errorf("%w: it is a directory", err)
	case is(fs.ErrPermission) && info.Mode()&0o111 == 0:
		return fmt.Errorf("%w: it lacks the permission to be executed: chmod +x %s", err, path)
	case is(fs.ErrNotExist):
		if err := checkScript(path); err != nil {
			return err
		}
		if loader := missingLoader(path); loader != "" {
			return fmt.Errorf("%w: the file exists, but not the loader that it names, %s: it was built for another C library or another system", err, loader)
		}
		return fmt.Errorf("%w: the file exists, but not what it needs to run", err)
	case is(syscall.ENOEXEC):
		return fmt.Errorf("%w: %s", err, wrongFormat(path))
	}
	return err
}

// wrongFormat says why the kernel does not know how to execute a file.
func wrongFormat(path string) string {
	text := head(path)
	if f, err := elf.Open(path); err == nil {
		defer f.Close()
		return fmt.Sprintf("it was built for another machine (%s), and this is %s", strings.TrimPrefix(f.Machine.String(), "EM_"), runtime.GOARCH)
	}
	switch {
	case len(text) == 0:
		return "it is empty"
	case !bytes.Contains(text, []byte{0}) && (utf8.Valid(text) || len(text) == headSize):
		return "it is a script whose first line names no interpreter: let it begin with #!/bin/sh, or with the interpreter that runs it"
	}
	return "it is no program for this machine"
}

// missingLoader returns the program that a program names to load it, if that does
// not exist, or "".
func missingLoader(path string) string {
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
