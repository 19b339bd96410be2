package schedule

import (
	"fmt"
	"strings"
	"time"
)

// maxLength is how long a schedule may be, in bytes.
const maxLength = 256

// maxEvery is the longest interval of @every.
const maxEvery = 365 * 24 * time.Hour

// words are the schedules that have a name.
var words = map[string]string{
	"@hourly":   "0 * * * *",
	"@daily":    "0 0 * * *",
	"@midnight": "0 0 * * *",
	"@weekly":   "0 0 * * 0",
	"@monthly":  "0 0 1 * *",
	"@yearly":   "0 0 1 1 *",
	"@annually": "0 0 1 1 *",
}

const wordList = "@hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually and @every 10m"

// Parse reads a schedule. The seed is what H is hashed from: with the same seed it always
// stands for the same value. An error is an *Error.
func Parse(text, seed string) (Schedule, error) {
	if err := checkBytes(text); err != nil {
		return Schedule{}, err
	}
	parts := split(text)
	if len(parts) == 0 {
		return Schedule{}, &Error{text, 0, `a schedule is empty; write five fields, as in "30 2 * * *", or a word as @daily`}
	}
	p := parser{text: text, seed: seed}
	var s Schedule
	var err error
	switch first := parts[0]; {
	case first.text[0] == '@':
		s, err = p.word(parts)
	case strings.HasPrefix(first.text, "TZ=") || strings.HasPrefix(first.text, "CRON_TZ="):
		err = p.fail(first.offset, "a zone is not part of a schedule; give it as the timezone beside it")
	default:
		s, err = p.fields(parts)
	}
	if err != nil {
		return Schedule{}, err
	}
	s.text = text
	return s, nil
}

// checkBytes refuses what would be hard to see or to quote.
func checkBytes(text string) error {
	if len(text) > maxLength {
		return &Error{text, maxLength, fmt.Sprintf("a schedule has at most %d bytes, this one has %d", maxLength, len(text))}
	}
	for i := range len(text) {
		switch b := text[i]; {
		case b >= 0x80:
			return &Error{text, i, fmt.Sprintf("byte 0x%02x is not ASCII; a schedule is written in ASCII letters, digits and signs", b)}
		case b != '\t' && (b < ' ' || b == 0x7f):
			return &Error{text, i, fmt.Sprintf("byte 0x%02x is a control character; separate fields by spaces", b)}
		}
	}
	return nil
}

// part is a piece of the text that knows where it stands.
type part struct {
	text   string
	offset int
}

// split returns what spaces and tabs separate.
func split(text string) []part {
	var parts []part
	start := -1
	for i := range len(text) + 1 {
		blank := i == len(text) || text[i] == ' ' || text[i] == '\t'
		switch {
		case blank && start >= 0:
			parts = append(parts, part{text[start:i], start})
			start = -1
		case !blank && start < 0:
			start = i
		}
	}
	return parts
}

// parser reads one text.
type parser struct {
	text, seed string
}

func (p parser) fail(offset int, format string, args ...any) error {
	return &Error{p.text, offset, fmt.Sprintf(format, args...)}
}

// word reads a schedule that begins with @.
func (p parser) word(parts []part) (Schedule, error) {
	name := parts[0]
	if name.text == "@every" {
		return p.every(parts)
	}
	if name.text == "@reboot" {
		return Schedule{}, p.fail(name.offset, "@reboot is not supported, since a job belongs to the group and not to a machine; start such work as the command beside the jobs, or trigger the job")
	}
	fields, ok := words[name.text]
	if !ok {
		return Schedule{}, p.fail(name.offset, "the word %s does not exist; the words are %s", name.text, wordList)
	}
	if len(parts) > 1 {
		return Schedule{}, p.fail(parts[1].offset, "nothing may follow %s, but %q does", name.text, parts[1].text)
	}
	return p.fields(split(fields))
}

// every reads the interval of @every.
func (p parser) every(parts []part) (Schedule, error) {
	if len(parts) < 2 {
		return Schedule{}, p.fail(len(p.text), "@every wants an interval, as in @every 10m")
	}
	interval := parts[1]
	if len(parts) > 2 {
		return Schedule{}, p.fail(parts[2].offset, "nothing may follow the interval of @every, but %q does; write the interval in one piece, as in @every 1h30m", parts[2].text)
	}
	d, err := time.ParseDuration(interval.text)
	switch {
	case err != nil:
		return Schedule{}, p.fail(interval.offset, "%q is not an interval; write one as 30s, 10m or 1h30m", interval.text)
	case d < time.Second || d > maxEvery:
		return Schedule{}, p.fail(interval.offset, "the interval %s is out of range; it has to be from 1s to %dh", interval.text, maxEvery/time.Hour)
	case d%time.Second != 0:
		return Schedule{}, p.fail(interval.offset, "the interval %s is not a number of whole seconds", interval.text)
	}
	return Schedule{every: int64(d / time.Second)}, nil
}

// fields reads the five fields.
func (p parser) fields(parts []part) (Schedule, error) {
	const want = "a schedule has five fields: minute, hour, day of the month, month, day of the week"
	switch n := len(parts); {
	case n < 5:
		return Schedule{}, p.fail(len(p.text), "%s; here are %d", want, n)
	case n == 6 || n == 7:
		return Schedule{}, p.fail(parts[5].offset, "%s; here are %d. Seconds and years are not supported; for less than a minute write @every 30s", want, n)
	case n > 7:
		return Schedule{}, p.fail(parts[5].offset, "%s; here are %d", want, n)
	}
	var sets [5]uint64
	for i := range sets {
		var err error
		if sets[i], err = p.field(&fields[i], parts[i]); err != nil {
			return Schedule{}, err
		}
	}
	star := func(i int) bool { return parts[i].text[0] == '*' }
	return Schedule{
		minutes: sets[0],
		hours:   uint32(sets[1]),
		days:    uint32(sets[2]),
		months:  uint16(sets[3]),
		weekly:  uint8(sets[4]&0x7f | sets[4]>>7&1), // 7 is Sunday
		showing: star(1),
		both:    star(2) || star(4),
	}, nil
}
