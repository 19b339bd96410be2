package schedule

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestParse_SpellingsOfTheSameSchedule(t *testing.T) {
	for _, same := range [][]string{
		{"0,15,30,45 * * * *", "*/15 * * * *", "0-59/15 * * * *", "45,0-30/15 * * * *", "  00,15,30,45\t*  * * * ", "*/15 */1 * * *", "*/15 * */1 * *"},
		{"30 2 * * 0", "30 2 * * 7", "30 2 * * sun", "30 2 * * SUN", "30 2 * * 7-7", "30 2 * * 0,7", "30 2 * * sun-sun"},
		{"0 0 1 1 5,6,7", "0 0 1 1 fri-sun", "0 0 1 1 Fri-7", "0 0 1 1 5-sun", "0 0 1 jan 5-7", "0 0 1 JAN fri,sat,sun", "0 0 1 1-1 0,5-6"},
		{"0 0 * 1,4,7,10 *", "0 0 * */3 *", "0 0 * jan-dec/3 *", "0 0 * jan,apr,jul,oct *"},
		{"0 0 * * 0,1,2", "0 0 * * sun-tue", "0 0 * * 0-tue", "0 0 * * 7,1-2"},
		{"5-5/1 * * * *", "5 * * * *"},
		{"0 * * * *", "@hourly"},
		{"0 0 * * *", "@daily", "@midnight", "\t@daily "},
		{"0 0 * * 0", "@weekly", "0 0 * * 7"},
		{"0 0 1 * *", "@monthly"},
		{"0 0 1 1 *", "@yearly", "@annually"},
		{"@every 90s", "@every 1m30s", "@every 1.5m", " @every   90s "},
	} {
		first := mustParse(t, same[0])
		first.text = ""
		for _, text := range same[1:] {
			s := mustParse(t, text)
			if s.String() != text {
				t.Errorf("%q is written as %q", text, s)
			}
			s.text = ""
			if s != first {
				t.Errorf("%q and %q differ: %+v and %+v", same[0], text, first, s)
			}
		}
	}
}

// The fields that begin with * or not decide about more than the values that they match.
func TestParse_StarAtTheBeginning(t *testing.T) {
	for text, want := range map[string]struct{ showing, both bool }{
		"0 * 1 * 1":      {true, false},
		"0 */2 1 * 1":    {true, false},
		"0 *,5 1 * 1":    {true, false},
		"0 0-23 1 * 1":   {false, false},
		"0 5,* 1 * 1":    {false, false},
		"* 0 1 * 1":      {false, false},
		"*/5 0 1 * 1":    {false, false},
		"0 H 1 * 1":      {false, false},
		"0 H/2 1 * 1":    {false, false},
		"0 0 * * 1":      {false, true},
		"0 0 1 * *":      {false, true},
		"0 0 */2 * 1":    {false, true},
		"0 0 1 * */2":    {false, true},
		"0 0 1-31/2 * 1": {false, false},
		"0 0 H * 1":      {false, false},
		"0 0 1 */2 1":    {false, false},
	} {
		if s := mustParse(t, text); s.showing != want.showing || s.both != want.both {
			t.Errorf("%q: showing %t, both %t, want %+v", text, s.showing, s.both, want)
		}
	}
}

// The values are from: printf 'group/job\0minute' | sha256sum, and so on. They must never
// change, since every job with an H would move.
func TestParse_HashedValues(t *testing.T) {
	for text, want := range map[string]string{
		"H * * * *":                "9 * * * *",
		"H H * * *":                "9 15 * * *",
		"H H H * *":                "9 15 25 * *",
		"H H H H *":                "9 15 25 12 *",
		"H H * * H":                "9 15 * * 1",
		"H/15 * * * *":             "9,24,39,54 * * * *",
		"H(0-29)/10 * * * *":       "9,19,29 * * * *",
		"H(0-29),H(30-59) * * * *": "9,39 * * * *",
		"H H(0-7) * * *":           "9 7 * * *",
		"0 0 * * H(mon-sun)":       "0 0 * * 2",
		"H(5-5) * * * *":           "5 * * * *",
	} {
		got, plain := mustParse(t, text), mustParse(t, want)
		got.text, plain.text = "", ""
		if got != plain {
			t.Errorf("%q is %+v, want that of %q: %+v", text, got, want, plain)
		}
	}
}

func TestParse_HashedValuesSpread(t *testing.T) {
	var minutes, days uint64
	for i := range 2000 {
		s, err := Parse("H H H * *", "group/job"+string(rune('a'+i%26))+time.Duration(i).String())
		if err != nil {
			t.Fatal(err)
		}
		minutes |= s.minutes
		days |= uint64(s.days)
	}
	if minutes != 1<<60-1 || days != 1<<29-2 {
		t.Errorf("2000 jobs have the minutes %b and the days %b", minutes, days)
	}
}

func TestParse_Refusals(t *testing.T) {
	for _, c := range []struct {
		text   string
		offset int
		reason string // what it has to contain
	}{
		{"", 0, "empty"},
		{" \t ", 0, "empty"},
		{"0 0 * *", 7, "five fields: minute, hour, day of the month, month, day of the week; here are 4"},
		{"hourly", 6, "here are 1"},
		{"0 0 0 * * *", 10, "here are 6. Seconds"},
		{"0 0 0 ? * * 2027", 10, "here are 7. Seconds"},
		{"0 0 * * * root /bin/backup --all", 10, "here are 8"},
		{"TZ=Europe/Berlin 0 0 * * *", 0, "zone"},
		{"CRON_TZ=UTC 0 0 * * *", 0, "zone"},

		{"60 * * * *", 0, "60 is out of range for the field minute; it goes from 0 to 59"},
		{"0 24 * * *", 2, "0 to 23"},
		{"0 0 0 * *", 4, "1 to 31"},
		{"0 0 32 * *", 4, "1 to 31"},
		{"0 0 * 0 *", 6, "1 to 12"},
		{"0 0 * 13 *", 6, "1 to 12"},
		{"0 0 * * 8", 8, "0 to 7"},
		{"0 0 * * mon-8", 12, "0 to 7"},
		{"99999999999999999999 * * * *", 0, "not a value"},
		{"-1 * * * *", 0, "missing"},
		{"+1 * * * *", 0, "not a value"},
		{"1.5 * * * *", 0, "not a value"},
		{"x * * * *", 0, "a number from 0 to 59"},
		{"0 0 * monday *", 6, "as feb"},
		{"0 0 * * monday", 8, "as mon"},
		{"0 0 * mon *", 6, "not a value of the field month"},
		{"mon * * * *", 0, "not a value of the field minute"},

		{"0 17-9 * * *", 2, "the range 17-9 of the field hour runs backwards; list both parts, as in 17-23,0-9"},
		{"0 0 * nov-feb *", 6, "nov-12,1-feb"},
		{"0 0 * * fri-0", 8, "7 for Sunday"},
		{"0 0 * * fri-mon", 8, "fri-7,0-mon"},
		{"0 0 * * 7-2", 8, "backwards"},
		{"H(20-10) * * * *", 2, "backwards"},
		{"1-2-3 * * * *", 2, "not a value"},
		{"1- * * * *", 2, "missing"},

		{"*/0 * * * *", 2, "the step 0 is out of range; from 0 to 59 it can be 1 to 59"},
		{"*/60 * * * *", 2, "1 to 59"},
		{"0 */24 * * *", 4, "1 to 23"},
		{"0 0 */31 * *", 6, "1 to 30"},
		{"0 0 * */12 *", 8, "1 to 11"},
		{"0 0 * * */8", 10, "1 to 7"},
		{"0-10/20 * * * *", 5, "1 to 10"},
		{"5-5/2 * * * *", 4, "1 to 1"},
		{"*/ * * * *", 2, "not a step"},
		{"*/x * * * *", 2, "not a step"},
		{"*/-5 * * * *", 2, "not a step"},
		{"*/5/5 * * * *", 2, "not a step"},
		{"/5 * * * *", 0, "missing"},
		{"5/15 * * * *", 0, "write 5-59/15 or */15"},
		{"0 0/. 0 0 0", 4, "not a step"},
		{"0 0 * mon/2 *", 6, "not a value"},
		{"0 0 * jan/2 *", 6, "write jan-12/2 or */2"},

		{", * * * *", 0, "empty"},
		{"1,,2 * * * *", 2, "empty"},
		{"0 1,2, * * *", 6, "empty"},
		{"** * * * *", 0, "not a value"},
		{"*-5 * * * *", 0, "not a value"},

		{"0 0 ? * mon", 4, "? is not supported; write *"},
		{"0 ? * * *", 2, "? is not supported"},
		{"0 0 L * *", 4, "L is not supported"},
		{"0 0 L-3 * *", 4, "L is not supported"},
		{"0 0 * * 5L", 8, "L is not supported"},
		{"0 0 * * fril", 8, "L is not supported"},
		{"0 0 15W * *", 4, "W is not supported"},
		{"0 0 LW * *", 4, "W is not supported"},
		{"0 0 * * mon#2", 8, "# is not supported"},
		{"0 0 * * 1,5#3", 10, "# is not supported"},
		{"0~29 * * * *", 0, "write H, or H(0-29)"},
		{"h * * * *", 0, "write H"},
		{"H5 * * * *", 0, "write H"},
		{"H-5 * * * *", 0, "write H"},
		{"H(0-29 * * * *", 0, "bracket"},
		{"H(5) * * * *", 0, "range"},
		{"H() * * * *", 0, "range"},
		{"H(0-99) * * * *", 4, "0 to 59"},
		{"H/0 * * * *", 2, "step 0"},
		{"H(0-29)/30 * * * *", 8, "1 to 29"},

		{"@reboot", 0, "trigger the job"},
		{"@Daily", 0, "the words are @hourly"},
		{"@fortnightly", 0, "does not exist"},
		{"@", 0, "does not exist"},
		{"@daily 5", 7, "nothing may follow @daily"},
		{"@every", 6, "wants an interval"},
		{"@every 10", 7, "not an interval"},
		{"@every 1d", 7, "not an interval"},
		{"@every 10 m", 10, "one piece"},
		{"@every 0s", 7, "from 1s to 8760h"},
		{"@every -10m", 7, "from 1s"},
		{"@every 999ms", 7, "from 1s"},
		{"@every 8760h1s", 7, "to 8760h"},
		{"@every 9999999999h", 7, "not an interval"},
		{"@every 1500ms", 7, "whole seconds"},
		{"@every10m", 0, "does not exist"},

		{"0 0 * * *\n", 9, "byte 0x0a is a control character"},
		{"0 0 *\x00* * *", 5, "byte 0x00"},
		{"0 0 * * *\x7f", 9, "byte 0x7f"},
		{"0 0 * * ١", 8, "byte 0xd9 is not ASCII"},
		{"0\u00a00 * * *", 1, "not ASCII"},
		{"0 0 * * \xff", 8, "byte 0xff is not ASCII"},
		{strings.Repeat("0", 257), 256, "at most 256 bytes, this one has 257"},
	} {
		s, err := Parse(c.text, "group/job")
		var fault *Error
		if !errors.As(err, &fault) {
			t.Errorf("%q: %v, %v; want a refusal", c.text, s, err)
			continue
		}
		if fault.Offset != c.offset || !strings.Contains(fault.Reason, c.reason) || fault.Text != c.text {
			t.Errorf("%q: offset %d, %q; want offset %d and %q", c.text, fault.Offset, fault.Reason, c.offset, c.reason)
		}
		if s != (Schedule{}) {
			t.Errorf("%q: refused, and yet %+v", c.text, s)
		}
	}
}

func TestParse_TakesTheLongestText(t *testing.T) {
	text := strings.Repeat(" ", 247) + "0 0 * * *"
	if mustParse(t, text).String() != text {
		t.Error("another text came back")
	}
}

func TestError_QuotesTheText(t *testing.T) {
	_, err := Parse("0 25 * * *", "")
	if want := `schedule "0 25 * * *": column 3: 25 is out of range for the field hour; it goes from 0 to 23`; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
	_, err = Parse(strings.Repeat("x", 1<<20), "")
	if n := len(err.Error()); n > 200 {
		t.Errorf("a text of 1 MiB gives an error of %d bytes", n)
	}
}
