package schedule

import (
	"strconv"
	"strings"
)

// field is one of the five fields.
type field struct {
	name      string
	low, high int
	hashHigh  int      // up to where H goes
	names     []string // of the values from low on
}

var fields = [5]field{
	{name: "minute", low: 0, high: 59, hashHigh: 59},
	{name: "hour", low: 0, high: 23, hashHigh: 23},
	{name: "day of the month", low: 1, high: 31, hashHigh: 28},
	{name: "month", low: 1, high: 12, hashHigh: 12,
		names: []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{name: "day of the week", low: 0, high: 7, hashHigh: 6,
		names: []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

// field reads a field: a list of items that commas separate. It returns a set of bits.
func (p parser) field(f *field, whole part) (uint64, error) {
	var set uint64
	offset := whole.offset
	for text := range strings.SplitSeq(whole.text, ",") {
		bits, err := p.item(f, part{text, offset})
		if err != nil {
			return 0, err
		}
		set |= bits
		offset += len(text) + 1
	}
	return set, nil
}

// item reads one item: a span of values with or without a step.
func (p parser) item(f *field, it part) (uint64, error) {
	if it.text == "" {
		return 0, p.fail(it.offset, "an item of the list in the field %s is empty; remove the comma", f.name)
	}
	span, stepText, hasStep := strings.Cut(it.text, "/")
	low, high, err := p.span(f, part{span, it.offset}, stepText)
	if err != nil {
		return 0, err
	}
	hash := span[0] == 'H'
	step := 1
	if hasStep {
		if step, err = p.step(part{stepText, it.offset + len(span) + 1}, low, high); err != nil {
			return 0, err
		}
		if hash {
			low += hashed(p.seed, f.name, step)
		}
	} else if hash {
		low += hashed(p.seed, f.name, high-low+1)
		high = low
	}
	var set uint64
	for v := low; v <= high; v += step {
		set |= 1 << v
	}
	return set, nil
}

// span reads what stands before a step, if there is one: *, a value, a range, or H with or without a range.
func (p parser) span(f *field, s part, step string) (low, high int, err error) {
	switch {
	case s.text == "*":
		return f.low, f.high, nil
	case s.text == "H":
		return f.low, f.hashHigh, nil
	case strings.HasPrefix(s.text, "H("):
		inner, ok := strings.CutSuffix(s.text[2:], ")")
		if !ok {
			return 0, 0, p.fail(s.offset, "%q has no closing bracket; write H(0-29)", s.text)
		}
		from, to, ok := strings.Cut(inner, "-")
		if !ok {
			return 0, 0, p.fail(s.offset, "%q has no range in its brackets; write H(0-29)", s.text)
		}
		return p.bounds(f, part{from, s.offset + 2}, part{to, s.offset + 3 + len(from)})
	}
	from, to, ok := strings.Cut(s.text, "-")
	if ok {
		return p.bounds(f, part{from, s.offset}, part{to, s.offset + len(from) + 1})
	}
	low, err = p.value(f, s)
	if _, ok := number(step); ok && err == nil {
		err = p.fail(s.offset, "a step needs a range before it; write %s-%d/%s or */%s", s.text, f.high, step, step)
	}
	return low, low, err
}

// bounds reads the two ends of a range.
func (p parser) bounds(f *field, from, to part) (low, high int, err error) {
	if low, err = p.value(f, from); err != nil {
		return 0, 0, err
	}
	if high, err = p.value(f, to); err != nil {
		return 0, 0, err
	}
	weekdays := f.high == 7
	if weekdays && low > 0 && strings.EqualFold(to.text, "sun") {
		high = 7
	}
	if low > high {
		hint := "list both parts, as in " + from.text + "-" + strconv.Itoa(f.high) + "," + strconv.Itoa(f.low) + "-" + to.text
		if weekdays && high == 0 {
			hint = "write 7 for Sunday at the end of a range"
		}
		return 0, 0, p.fail(from.offset, "the range %s-%s of the field %s runs backwards; %s", from.text, to.text, f.name, hint)
	}
	return low, high, nil
}

// value reads a number or a name.
func (p parser) value(f *field, v part) (int, error) {
	for i, name := range f.names {
		if strings.EqualFold(v.text, name) {
			return f.low + i, nil
		}
	}
	n, ok := number(v.text)
	if !ok {
		return 0, p.fail(v.offset, "%s", f.notAValue(v.text))
	}
	if n < f.low || n > f.high {
		return 0, p.fail(v.offset, "%s is out of range for the field %s; it goes from %d to %d", v.text, f.name, f.low, f.high)
	}
	return n, nil
}

// notAValue says what is wrong with a text that is neither a number nor a name.
func (f *field) notAValue(text string) string {
	switch {
	case text == "":
		return "a value is missing in the field " + f.name
	case strings.Contains(text, "?"):
		return "? is not supported; write * for every value"
	case strings.Contains(text, "#"):
		return "# is not supported; run the job on that day of each week and let the command decide"
	case strings.Contains(text, "~"):
		return "~ is not supported; write H, or H(0-29), for a value that spreads jobs and stays the same"
	case strings.HasPrefix(text, "h") || strings.HasPrefix(text, "H"):
		return strconv.Quote(text) + " is not a hashed value; write H, H/15 or H(0-29)"
	case f.name == "day of the month" || f.name == "day of the week":
		upper := strings.ToUpper(text)
		if strings.HasSuffix(upper, "W") {
			return "W is not supported; write days of the week as mon-fri"
		}
		if strings.HasPrefix(upper, "L") || strings.HasSuffix(upper, "L") {
			return "L is not supported; run the job on 28-31 and let the command decide, or on day 1 of the next month"
		}
	}
	want := "a number from " + strconv.Itoa(f.low) + " to " + strconv.Itoa(f.high)
	if f.names != nil {
		want += " or a name of three letters, as " + f.names[1]
	}
	return strconv.Quote(text) + " is not a value of the field " + f.name + "; write " + want
}

// step reads a step over the values from low to high.
func (p parser) step(s part, low, high int) (int, error) {
	n, ok := number(s.text)
	if !ok {
		return 0, p.fail(s.offset, "%q is not a step; write a number, as in */15", s.text)
	}
	if most := max(1, high-low); n < 1 || n > most {
		return 0, p.fail(s.offset, "the step %s is out of range; from %d to %d it can be 1 to %d", s.text, low, high, most)
	}
	return n, nil
}

// number reads a decimal number of at most three digits, without a sign.
func number(text string) (int, bool) {
	if text == "" || len(text) > 3 {
		return 0, false
	}
	n := 0
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}
