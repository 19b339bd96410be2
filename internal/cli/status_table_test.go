package cli

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/terminal"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

func plain(lines []terminal.Line) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.Paint(false) + "\n")
	}
	return b.String()
}

// fixture returns a group with an instance of each kind.
func fixture() status.Group {
	now := time.Date(2026, 3, 4, 12, 0, 15, 0, time.UTC).In(time.FixedZone("", 13*60*60))
	in := func(n byte, host string, age time.Duration) status.Instance {
		id := uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8000")
		id[15] = n
		return status.Instance{
			ID: id, Role: registry.Passive, Host: host, PID: 100 + 1000*int(n), Version: "v1.2.3", Since: now.Add(-time.Hour), Age: status.Seconds(age),
		}
	}
	g := status.Group{Name: "reports", At: now, Healthy: true, Health: "1 active, 2 passive (1 holding off), 1 silent", Term: 12}
	g.Instances = []status.Instance{in(3, "db-3", 400*time.Millisecond), in(1, "主机", time.Second), in(2, "h", 20*time.Millisecond), in(4, "wörker", 12*time.Second)}
	g.Instances[0].Role, g.Instances[0].Term, g.Instances[0].Since = registry.Active, 12, now.Add(-5*time.Minute)
	g.Instances[1].Since = now.Add(-24 * time.Hour)
	g.Instances[2].HoldingOff = true
	g.Instances[3].Silent, g.Instances[3].OrphanIn, g.Instances[3].Since = true, status.Seconds(48*time.Second), time.Time{}
	return g
}

func TestTable_ShowsThatTheActiveOneStepsDown(t *testing.T) {
	g := fixture()
	g.Instances[0].SteppingDown = true
	for width, want := range map[int]string{0: "\nactive, stepping down ", 60: "\nstepping down "} {
		if got := plain(showGroup(g, width)); !strings.Contains(got, want) {
			t.Errorf("width %d: no %q in\n%s", width, want, got)
		}
	}
}

func TestTable_OfAGroup(t *testing.T) {
	want := `
reports: 1 active, 2 passive (1 holding off), 1 silent
ROLE                  TERM  HOST     PID  VERSION  LAST BEAT           SINCE (UTC)          INSTANCE
active                  12  db-3    3100  v1.2.3   0.4s                11:55:15             01890a5d-ac96-774b-bcce-b302099a8003
passive                  –  主机    1100  v1.2.3   1.0s                2026-03-03 12:00:15  01890a5d-ac96-774b-bcce-b302099a8001
passive, holding off     –  h       2100  v1.2.3   20ms                11:00:15             01890a5d-ac96-774b-bcce-b302099a8002
passive, silent          –  wörker  4100  v1.2.3   12s, orphan in 48s  –                    01890a5d-ac96-774b-bcce-b302099a8004
`
	if got := "\n" + plain(showGroup(fixture(), 0)); got != want {
		t.Errorf("got%s\nwant%s", got, want)
	}
	if got := "\n" + plain(showGroup(fixture(), 200)); got != want {
		t.Errorf("on a wide terminal: got%s", got)
	}
	narrow := plain(showGroup(fixture(), 100))
	if !strings.Contains(narrow, "  9a8003\n") || strings.Contains(narrow, "01890a5d") {
		t.Errorf("on a narrow terminal:\n%s", narrow)
	}
}

// crowd returns a group with three instances of each kind, whose texts are as long as
// allowed.
func crowd(host func(int) string) status.Group {
	g := fixture()
	for _, in := range g.Instances {
		for n := range 2 {
			in.ID[14], in.PID = byte(n+1), 4194304
			g.Instances = append(g.Instances, in)
		}
	}
	for i := range g.Instances {
		in := &g.Instances[i]
		in.Host, in.Version, in.Priority = host(i), "v0.0.0-20261127003213-120ce28b04c1+dirty", i
		in.Since = g.At.Add(-100 * 24 * time.Hour)
	}
	g.Instances[0].Term = 1234567
	g.Instances[0].Silent, g.Instances[0].OrphanIn, g.Instances[0].Age = true, status.Seconds(59*time.Minute+59*time.Second), status.Seconds(59*time.Minute+59*time.Second)
	g.Health = "no beat from a-host-of-a-long-name.example.org/9a8001 for 59m59s; another-host.example.org/9a8002 takes over in 59m59s; 2 passive"
	return g
}

func TestTable_FitsEightyColumns(t *testing.T) {
	for name, host := range map[string]func(int) string{
		"short":       func(i int) string { return fmt.Sprintf("db-%d", i) },
		"long":        func(int) string { return strings.Repeat("x", 200) },
		"with domain": func(i int) string { return fmt.Sprintf("worker-%02d.example-of-a-long-name.org", i) },
		"wide":        func(int) string { return strings.Repeat("主", 60) },
	} {
		g := crowd(host)
		for i := range g.Instances {
			g.Terms = append(g.Terms, status.Term{
				Number: 1234567 - int64(i), Holder: g.Instances[i].ID, Host: g.Instances[i].Host, Reason: registry.Unregistered,
				From: g.At.Add(-100 * 24 * time.Hour), To: g.At.Add(-99 * 24 * time.Hour), Length: status.Seconds(time.Hour), AtMost: true,
			})
		}
		for _, lines := range [][]terminal.Line{showGroup(g, 80), showTerms(g.Terms, g.At, 80)} {
			for _, l := range lines {
				if l.Width() > 80 {
					t.Errorf("%s: %d columns: %s", name, l.Width(), l.Paint(false))
				}
			}
		}
		if wide := plain(showGroup(g, 0)); strings.Count(wide, "\n") != 2+len(g.Instances) || !strings.Contains(wide, g.Instances[0].ID.String()) {
			t.Errorf("%s: where it is no terminal:\n%s", name, wide)
		}
	}
	text := plain(showGroup(crowd(func(i int) string { return fmt.Sprintf("worker-%02d.example-of-a-long-name.org", i) }), 80))
	for i := range 12 {
		if want := fmt.Sprintf("worker-%02d ", i); !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestTable_WrapsALongHealth(t *testing.T) {
	g := crowd(func(int) string { return "h" })
	lines := showGroup(g, 80)[:2]
	want := "reports: no beat from a-host-of-a-long-name.example.org/9a8001 for 59m59s;\n  another-host.example.org/9a8002 takes over in 59m59s; 2 passive\n"
	if got := plain(lines); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := wrap("a  b "+strings.Repeat("x", 50)+" c", 40); strings.Join(got, "|") != "a  b|  "+strings.Repeat("x", 50)+"|  c" {
		t.Errorf("wrap returned %q, want a long word on a line of its own", got)
	}
}

func TestTable_KeepsADomainThatTellsHostsApart(t *testing.T) {
	for hosts, want := range map[string]string{
		"a.x.org b.x.org": "a b", "a.x.org b.y.org": "a.x.org b.y.org", "a.x.org b": "a.x.org b", "a.x.org a.x.org": "a.x.org a.x.org",
		"10.0.0.1 10.0.0.2": "10.0.0.1 10.0.0.2", "a b": "a b", ".x .x": ".x .x",
	} {
		list := strings.Fields(hosts)
		name := withoutDomain(list)
		if got := name(list[0]) + " " + name(list[1]); got != want {
			t.Errorf("%s: %q, want %q", hosts, got, want)
		}
	}
}

func TestTable_HasColours(t *testing.T) {
	g := fixture()
	lines := showGroup(g, 0)
	if got, want := lines[0].Paint(true), "\x1b[1mreports\x1b[0m: \x1b[1;32m"+g.Health+"\x1b[0m"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := lines[2].Paint(true), "\x1b[1;32mactive\x1b[0m  "; !strings.HasPrefix(got, want) {
		t.Errorf("%q, want %q first", got, want)
	}
	if got, want := lines[5].Paint(true), "\x1b[33m12s, orphan in 48s\x1b[0m"; !strings.Contains(got, want) {
		t.Errorf("%q, want %q in it", got, want)
	}
	g.Healthy = false
	if got, want := showGroup(g, 0)[0].Paint(true), "\x1b[1;31m"+g.Health; !strings.Contains(got, want) {
		t.Errorf("%q, want %q in it", got, want)
	}
	g.Done = true
	if got, want := showGroup(g, 0)[0].Paint(true), "\x1b[1mreports\x1b[0m: "+g.Health; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTable_ShowsPrioritiesIfThereAreAny(t *testing.T) {
	g := fixture()
	g.Instances = g.Instances[:2]
	g.Instances[1].Priority = -5
	want := `
reports: 1 active, 2 passive (1 holding off), 1 silent
ROLE     TERM  PRIO  HOST   PID  VERSION  LAST BEAT  SINCE (UTC)          INSTANCE
active     12     0  db-3  3100  v1.2.3   0.4s       11:55:15             01890a5d-ac96-774b-bcce-b302099a8003
passive     –    -5  主机  1100  v1.2.3   1.0s       2026-03-03 12:00:15  01890a5d-ac96-774b-bcce-b302099a8001
`
	if got := "\n" + plain(showGroup(g, 0)); got != want {
		t.Errorf("got%s\nwant%s", got, want)
	}
}

func TestSurvey_CountsGroups(t *testing.T) {
	well, done, bad := status.Group{Name: "w", Healthy: true}, status.Group{Name: "d", Done: true}, status.Group{Name: "b"}
	for _, tt := range []struct {
		s     survey
		want  string
		style terminal.Style
	}{
		{survey{groups: []status.Group{well, well}}, "2 groups: 2 healthy, 0 not", terminal.Good},
		{survey{groups: []status.Group{well, done}}, "2 groups: 1 healthy, 1 done, 0 not", terminal.Good},
		{survey{groups: []status.Group{bad, bad, well, done}}, "4 groups: 1 healthy, 1 done, 2 not", terminal.Bad},
		{survey{groups: []status.Group{well}, unread: []error{registry.ErrCorrupt}}, "1 group: 1 healthy, 0 not; 1 more could not be understood", terminal.Bad},
		{survey{unread: []error{registry.ErrCorrupt, registry.ErrSchema}}, "0 groups: 0 healthy, 0 not; 2 more could not be understood", terminal.Bad},
	} {
		if got := tt.s.lines(0)[0]; got.Paint(false) != tt.want || got[0].Style != tt.style {
			t.Errorf("%q in style %q, want %q in %q", got.Paint(false), got[0].Style, tt.want, tt.style)
		}
	}
	if got := (survey{groups: []status.Group{bad}}).lines(0)[0].Paint(false); got != "b:" {
		t.Errorf("a single group: %q", got)
	}
}

// If the terminal has too few rows, what is not well must still be seen.
func TestSurvey_GroupsThatAreNotHealthyComeFirst(t *testing.T) {
	l := clientOf(fakeAdmin{}, new(bytes.Buffer))
	l.admin = many{well: map[string]bool{"a": true, "b": false, "c": true, "d": false}}
	s, err := l.survey(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	var names string
	for _, g := range s.groups {
		names += g.Name
	}
	if names != "bdac" {
		t.Errorf("the order is %s, want b, d, a, c", names)
	}
	s.unread = []error{registry.ErrSchema}
	r := screen{size: func() (int, int) { return 80, 5 }, where: func() string { return "" }}
	frame, err := r.found(s)
	if lines := strings.Split(strings.TrimPrefix(string(frame), "\x1b[2J\x1b[H"), "\x1b[K\n"); err != nil ||
		lines[0] != "written by a newer version" || lines[1] != "4 groups: 2 healthy, 2 not; 1 more could not be understood" {
		t.Errorf("%v, %q", err, lines)
	}
}

// many is a registry of groups. Those that are well have an active instance that beats, the
// others have no instance.
type many struct {
	registry.Admin
	well map[string]bool
}

func (m many) Groups(context.Context) ([]string, error) { return slices.Sorted(maps.Keys(m.well)), nil }

func (m many) Terms(_ context.Context, group string, _ int) ([]registry.Term, error) {
	if !m.well[group] {
		return nil, nil
	}
	return []registry.Term{{Number: 1, Holder: memberOf(1, "a", time.Now()).ID, StartedAt: time.Now()}}, nil
}

func (m many) Instances(_ context.Context, group string) ([]registry.Instance, time.Time, error) {
	if !m.well[group] {
		return nil, time.Now(), nil
	}
	return []registry.Instance{memberOf(1, "a", time.Now())}, time.Now(), nil
}

func TestShorten_KeepsBothEnds(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "abcdefg": "abcdefg", "abcdefgh": "abc…fgh", "ääääöüüüü": "äää…üüü", "主主主机主主": "主…主", "a主主主主": "a主…主",
	} {
		if got := shorten(in, 7); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestScreen_FitsTheTerminal(t *testing.T) {
	s := survey{groups: []status.Group{fixture(), fixture()}} // 15 lines
	for rows, want := range map[int]int{0: 16, 1: 2, 3: 2, 5: 4, 16: 15, 17: 16, 50: 16} {
		r := screen{size: func() (int, int) { return 20, rows }, where: func() string { return "" }}
		text, err := r.found(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Count(text, []byte("\n")); got != want {
			t.Errorf("%d rows: %d lines, want %d:\n%s", rows, got, want, text)
		}
		if more := bytes.Contains(text, []byte(" more lines; ")); more != (rows > 0 && rows < 17) {
			t.Errorf("%d rows: says that there is more: %v", rows, more)
		}
		for _, line := range strings.Split(strings.TrimPrefix(string(text), "\x1b[2J\x1b[H"), "\x1b[K\n") {
			if (terminal.Line{terminal.Text(strings.TrimSuffix(line, "\x1b[J"))}).Width() > 19 {
				t.Errorf("%d rows: too wide: %q", rows, line)
			}
		}
	}
}

func FuzzTables(f *testing.F) {
	f.Add("host", "v1", "stopped", int64(4711), int64(1), int64(time.Second), 80, 24)
	f.Add("\x1b[2J", "\u202e\r\n", "\x00\xff", int64(-1), int64(1<<62), int64(-1), 0, 0)
	f.Add("主机\u200d\u0301\u0301\u0301", "\u009b31m", "work done", int64(1<<62), int64(0), int64(1<<62), 1, 1)
	f.Fuzz(func(t *testing.T, host, version, reason string, pid, term, age int64, columns, rows int) {
		const n = 3
		now := time.Now()
		var list []registry.Instance
		var terms []registry.Term
		for i := range byte(n) {
			in := memberOf(i, host, now.Add(-time.Duration(age)))
			in.Version, in.PID, in.StartedAt, in.Candidate = version, int(pid), time.UnixMicro(age), i == 1
			in.Interval, in.OrphanAfter = time.Duration(age), time.Duration(pid)
			list = append(list, in)
			begun := registry.Term{Number: term - int64(i), Holder: in.ID, Host: host, StartedAt: now.Add(time.Duration(age)), EndedAt: time.UnixMicro(pid)}
			begun.End = registry.End{Reason: registry.Reason(reason), ExitCode: int(age)}
			if i == 0 && age%2 == 0 {
				begun.EndedAt = time.Time{}
			}
			terms = append(terms, begun)
		}
		g := lookAt(t, terms, list)
		for _, tt := range []struct {
			lines []terminal.Line
			want  int
		}{
			{showGroup(g, columns), 2 + n},
			{showTerms(g.Terms, g.At, columns), 1 + n},
		} {
			if got := strings.Count(plain(tt.lines), "\n"); got != len(tt.lines) || got < tt.want {
				t.Fatalf("%d lines, want %d:\n%s", got, tt.want, plain(tt.lines))
			}
			for _, l := range tt.lines {
				if text := l.Paint(false); strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || 0x80 <= r && r < 0xa0 }) {
					t.Fatalf("control characters: %q", text)
				}
				styles := 0
				for _, s := range l {
					if s.Style != terminal.Normal && s.Text != "" {
						styles++
					}
				}
				if text := l.Paint(true); strings.Count(text, "\x1b") != 2*styles {
					t.Fatalf("want %d styles: %q", styles, text)
				}
			}
		}
		r := screen{size: func() (int, int) { return columns, rows }, where: func() string { return "" }}
		frame, err := r.found(survey{groups: []status.Group{g}})
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Count(frame, []byte("\n")); rows > 0 && got > max(rows-1, 2) {
			t.Fatalf("%d lines on %d rows", got, rows)
		}
		c := changeLines{where: func() string { return "" }}
		if line, err := c.found(survey{groups: []status.Group{g}}); err != nil || bytes.Count(line, []byte("\n")) != 1 || bytes.ContainsAny(line, "\x1b\r\u202e") {
			t.Fatalf("%q, %v", line, err)
		}
		if text, err := encode(g, false); err != nil || bytes.Count(text, []byte("\n")) != 1 || bytes.ContainsAny(text, "\x1b\u202e") {
			t.Fatalf("%q, %v", text, err)
		}
	})
}
