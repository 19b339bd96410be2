//go:build linux

package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/understudy-go/understudy/internal/mongotest"
)

// TestREADMECommands runs the README's commands as they stand there, but for
// the first two, which are CI's, and the address of the registry.
func TestREADMECommands(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	ci, err := os.ReadFile(".ci/run")
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		commands = append(commands, strings.Split(strings.TrimSpace(block[1]), "\n")...)
	}
	if len(commands) < 5 {
		t.Fatalf("README.md has the commands %q: has its form changed?", commands)
	}
	for i, command := range commands {
		t.Run(command, func(t *testing.T) {
			if i < 2 {
				if !regexp.MustCompile(`(?m)^(time )?` + regexp.QuoteMeta(command) + `$`).Match(ci) {
					t.Error("not in .ci/run")
				}
				return
			}
			t.Parallel()
			p := newProgram(t)
			line := strings.Replace(command, "go run .", "exec "+p.path, 1)
			if strings.Contains(line, "mongodb://") {
				line = regexp.MustCompile(`'mongodb://[^']*'`).ReplaceAllString(line, "'"+mongotest.Shared(t)+"'")
			}
			if line == command {
				t.Fatal("not a command of ours")
			}
			state := t.TempDir() // where the default registry goes
			first := p.start("first", []string{"XDG_STATE_HOME=" + state}, nil, shell(line))
			first.await("active in term 1")
			second := p.start("second", []string{"XDG_STATE_HOME=" + state}, nil, shell(line))
			second.await("standing by for")
			first.signal(syscall.SIGINT)
			second.await("active in term 2")
			second.signal(syscall.SIGINT)
			for _, ps := range []*process{first, second} {
				if code := ps.exit(); code != 0 {
					t.Errorf("%s: exit code %d\n%s", ps.name, code, ps.read(ps.log))
				}
			}
		})
	}
}

// shell makes a process of a line for the shell.
func shell(line string) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) { cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", line} }
}
