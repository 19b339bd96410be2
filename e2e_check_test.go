//go:build linux

package main

import (
	"strings"
	"testing"
	"time"
)

func TestCheckOfWhatDoesNotAnswerIs69(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	begun := time.Now()
	code, stdout, stderr := p.outcome([]string{"UNDERSTUDY_REGISTRY=mongodb://app:hunter2@127.0.0.1:9/ops"}, []string{"check"})
	if code != exitUnavailable || !strings.Contains(stdout, "✗  reachable") || !strings.Contains(stdout, "connection refused") || strings.Contains(stdout+stderr, "hunter2") {
		t.Errorf("exit code %d, want %d:\n%s%s", code, exitUnavailable, stdout, stderr)
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}
