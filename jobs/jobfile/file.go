package jobfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/understudy-go/understudy/jobs"
)

// MaxSize is the most bytes that a jobs file may have.
const MaxSize = 4 << 20

// File is what a jobs file says.
type File struct {
	// Jobs are in the order in which they stand in the file.
	Jobs []Job
}

// Definitions returns the definitions of all jobs.
func (f File) Definitions() []jobs.Definition {
	list := make([]jobs.Definition, len(f.Jobs))
	for i, j := range f.Jobs {
		list[i] = j.Definition
	}
	return list
}

// Job is a job of the file: its definition, and the command that it runs.
type Job struct {
	jobs.Definition
	// Command is the program and its arguments. A command that is text in the file is run by
	// /bin/sh -c.
	Command []string
	// Env are variables of its environment, each as NAME=VALUE, in the order of the file. They
	// may be secrets.
	Env []string
	// Dir is the directory in which it runs. Empty: that of Understudy.
	Dir string
}

// Read reads a jobs file. An error is of type [Problems].
func Read(name string, limits jobs.Limits) (File, error) {
	f, err := os.Open(name)
	if err != nil {
		return File{}, Unreadable(name, err)
	}
	defer f.Close()
	return ReadFrom(name, f, limits)
}

// ReadFrom reads a jobs file that is open. Problems call it by the name. An error is of
// type [Problems].
func ReadFrom(name string, r io.Reader, limits jobs.Limits) (File, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return File{}, Unreadable(name, err)
	}
	return Parse(name, data, limits)
}

// Unreadable says why a file cannot be read.
func Unreadable(name string, err error) Problems {
	text := err.Error()
	if path, ok := errors.AsType[*os.PathError](err); ok {
		text = path.Err.Error()
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		text = "it is a directory: want a file"
	}
	return Problems{{File: name, Text: "cannot read it: " + text}}
}

// Parse reads the text of a jobs file. Problems call the file by the name. An error is of
// type [Problems].
func Parse(name string, data []byte, limits jobs.Limits) (File, error) {
	r := reader{doc: document{name: name}}
	switch {
	case len(data) > MaxSize:
		r.doc.problem(0, 0, fmt.Sprintf("it has more than %d MiB: split it into groups of their own", MaxSize>>20))
	case len(bytes.TrimSpace(data)) == 0:
		r.doc.problem(0, 0, "it is empty: want "+wanted)
	default:
		if root := r.doc.parse(data); root != nil {
			r.file(root, limits)
		}
	}
	if problems := r.doc.sorted(); len(problems) > 0 {
		return File{}, problems
	}
	return File{Jobs: r.jobs}, nil
}

// wanted says in a problem what a jobs file is.
const wanted = "jobs:, and below it the name of each job, and below that its command:"
