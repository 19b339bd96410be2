package attempt

import (
	"strings"
	"testing"

	"github.com/understudy-go/understudy/jobs/store"
)

func TestParseProgress(t *testing.T) {
	for _, tt := range []struct {
		data    string
		percent int
		text    string
		ok      bool
	}{
		{"42 what it does", 42, "what it does", true},
		{"42 what it does\n43 and then\n", 42, "what it does", true},
		{"\n 7%\tloads\r\n", 7, "loads", true},
		{"42.9 % almost", 42, "almost", true},
		{"100", 100, "", true},
		{"0", 0, "", true},
		{"loads", 13, "loads", true},
		{"101 dalmatians", 13, "101 dalmatians", true},
		{"-5 below", 13, "-5 below", true},
		{"42nd street", 13, "42nd street", true},
		{"2027-03-28 is the day", 13, "2027-03-28 is the day", true},
		{"99999999999999999999 many", 13, "99999999999999999999 many", true},
		{"5 a\x00b\x1b[2Jc\u0085d", 5, "a b [2Jc d", true},
		{"5 \xff\xfe", 5, "\ufffd", true},
		{"", 13, "", false},
		{" \n\t\n", 13, "", false},
		{"\x00\x00", 13, "", false},
	} {
		percent, text, ok := parseProgress([]byte(tt.data), 13)
		if percent != tt.percent || text != tt.text || ok != tt.ok {
			t.Errorf("%q: %d, %q, %v; want %d, %q, %v", tt.data, percent, text, ok, tt.percent, tt.text, tt.ok)
		}
	}
	if _, text, _ := parseProgress([]byte("1 "+strings.Repeat("ä", maxProgress)), 0); len(text) > store.MaxRemark || text == "" {
		t.Errorf("a text of %d bytes", len(text))
	}
}
