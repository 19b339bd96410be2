package terminal

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestWidth_CountsColumns(t *testing.T) {
	for r := ' '; r <= '~'; r++ {
		if n := Width(string(r)); n != 1 {
			t.Errorf("%q takes %d columns, want 1", r, n)
		}
	}
	for text, want := range map[string]int{
		"":                   0,
		"müller–1…":          9, // what is ambiguous takes one column in every locale
		"主机":                 4,
		"한글":                 4,
		"ＡＢ":                 4, // full width
		"ｱｲ":                 2, // half width
		"e\u0301":            1, // a letter and a mark above it
		"\U0001f680":         2,
		"ok \u2705 done":     10,
		`\x1b[2J`:            7, // a control character that was escaped
		"\u1112\u1161\u11ab": 2, // one syllable of three letters
	} {
		if n := Width(text); n != want {
			t.Errorf("%q takes %d columns, want %d", text, n, want)
		}
	}
}

func TestLine_ClipCountsColumns(t *testing.T) {
	line := Line{Bold.Of("a主"), Text("e\u0301x")}
	for columns, want := range []string{"", "a", "a", "a主", "a主e\u0301", "a主e\u0301x", "a主e\u0301x"} {
		if got := line.Clip(columns).Paint(false); got != want {
			t.Errorf("%d columns: %q, want %q", columns, got, want)
		}
	}
}

func TestTable_LinesUpColumns(t *testing.T) {
	rows := [][]Span{
		{Muted.Of("NAME"), Muted.Of("PID"), Muted.Of("AGE")},
		{Good.Of("主机"), Text("7"), Text("1s")},
		{Text("a"), Text("4711"), Text("")},
	}
	want := "NAME   PID  AGE\n主机     7  1s\na     4711\n"
	var b strings.Builder
	for _, l := range Table(rows, 1) {
		b.WriteString(l.Paint(false) + "\n")
	}
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
	if got, want := Table(rows, 1)[1].Paint(true), "\x1b[1;32m主机\x1b[0m     7  1s"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestColourful_OnlyTerminals(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if Colourful(file) || Of(file) != nil || Colourful(new(bytes.Buffer)) || Of(new(bytes.Buffer)) != nil {
		t.Error("a device or a buffer counts as a terminal")
	}
	if columns, rows := Size(file); columns != 0 || rows != 0 {
		t.Errorf("%s has a size of %d by %d", os.DevNull, columns, rows)
	}
}

func TestUnread_NoticesClosedPipe(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows tells it only to a program that writes")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if Unread(w) || Unread(file) || Unread(new(bytes.Buffer)) {
		t.Error("a pipe with a reader, a file or a buffer counts as unread")
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if !Unread(w) {
		t.Error("a pipe whose reader is closed is not noticed")
	}
}
