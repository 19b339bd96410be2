package config

import (
	"strings"
	"testing"
)

func TestOnChange_RefusesShellSyntax(t *testing.T) {
	for _, tt := range []struct{ line, has string }{
		{"n.sh | logger", "a |"},
		{"n.sh|logger", "a |"},
		{"n.sh || true", "a |"},
		{"n.sh && m.sh", "a &&"},
		{"n.sh &", "a &"},
		{"n.sh; m.sh", "a ;"},
		{"n.sh a; m.sh", "a ;"},
		{"n.sh >/tmp/log", "a >"},
		{"n.sh > /tmp/log", "a >"},
		{"n.sh 2>&1", "a >"},
		{"n.sh >>log", "a >"},
		{"n.sh <in", "a <"},
		{"n.sh $HOME", "a $"},
		{"n.sh a${HOME}/b", "a $"},
		{"n.sh $(hostname)", "a $"},
		{"n.sh $1", "a $"},
		{"n.sh `hostname`", "a `"},
		{"~/n.sh", "a ~"},
		{"n.sh ~", "a ~"},
		{`n.sh "role changed"`, `a "`},
		{"n.sh 'role changed'", "a '"},
		{"sh -c 'echo hello'", "a '"},
		{`n.sh --text="role changed"`, `a "`},
		{"TEAM=ops n.sh", "a variable before the program"},
		{"! n.sh", "a !"},
	} {
		setenv(t, env{"UNDERSTUDY_REGISTRY": "mongodb://h", "UNDERSTUDY_ON_CHANGE": tt.line})
		_, _, err := onMachine()
		want := "UNDERSTUDY_ON_CHANGE: it has " + tt.has + " in it, but no shell reads it: write the line into a script, and name the script here"
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v\nwant %s", tt.line, err, want)
		}
	}
}

func TestOnChange_AcceptsPlainCommands(t *testing.T) {
	for _, line := range []string{
		"curl -s https://hooks.example.com/T0/x?a=1&b=2;c#d",
		"curl -fsS -X POST https://hooks.example.com/$",
		"/opt/it's/notify --team=ops --text=it's",
		"notify --rate 5% --to a@b.c --cost=$ -x a|b",
		"notify {} [a] a=b *",
		`C:\hooks\notify.exe /team:ops`,
		"ip  addr  add 10.0.0.9/24 dev eth0",
	} {
		setenv(t, env{"UNDERSTUDY_REGISTRY": "mongodb://h", "UNDERSTUDY_ON_CHANGE": line})
		c, warnings, err := onMachine()
		if err != nil || len(warnings) > 0 || c.OnChange != line {
			t.Errorf("%s: got %q, warnings %q, error %v", line, c.OnChange, warnings, err)
		}
	}
}

func TestOnChange_RefusesRegistryURI(t *testing.T) {
	for _, line := range []string{"mongodb://u:hunter2@h", "https://u:hunter2@h/hook", "notify mongodb://u:hunter2@h", "notify --to=mongodb+srv://u:hunter2@h"} {
		setenv(t, env{"UNDERSTUDY_REGISTRY": "mongodb://h", "UNDERSTUDY_ON_CHANGE": line})
		_, _, err := onMachine()
		if err == nil || !strings.HasPrefix(err.Error(), "UNDERSTUDY_ON_CHANGE=") || !strings.Contains(err.Error(), "a URI belongs in UNDERSTUDY_REGISTRY") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v", line, err)
		}
	}
}

func TestOnChange_URLIsNotShown(t *testing.T) {
	setenv(t, env{"UNDERSTUDY_REGISTRY": "mongodb://h", "UNDERSTUDY_ON_CHANGE": "curl -s https://hooks.example.com/hunter2"})
	c, _, err := onMachine()
	if err != nil || strings.Contains(c.String(), "hunter2") || !strings.Contains(c.String(), `UNDERSTUDY_ON_CHANGE="curl -s xxxxx"`) {
		t.Errorf("got %v, error %v", c, err)
	}
	setenv(t, env{"UNDERSTUDY_REGISTRY": "mongodb://h", "UNDERSTUDY_ON_CHANGE": "curl -s https://hooks.example.com/hunter2 | logger"})
	if _, _, err := onMachine(); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}
