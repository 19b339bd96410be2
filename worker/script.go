package worker

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
)

// checkScript says what is wrong with the first line of a script, if anything is.
// The error wraps ErrNotFound or ErrNotExecutable.
func checkScript(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	interpreter, crlf := shebang(head(path))
	if crlf {
		return fmt.Errorf("%w: %q: its first line ends with CR LF, as on Windows, so the system does not find its interpreter: save the file with LF alone (sed -i 's/\\r$//' %s)",
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

// shebang returns the interpreter that a script names, and whether its first line
// ends with CR LF.
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

// headSize is how many bytes of a file head reads at most.
const headSize = 256

// head returns the beginning of a file, or nothing if it cannot be read.
func head(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(f, headSize))
	return text
}
