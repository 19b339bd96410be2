package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/understudy-go/understudy/internal/terminal"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// layout is how much a table of instances shows.
type layout struct {
	host, version int  // the most columns of each; 0: no version
	uuid          bool // the whole UUID, not only its end
	brief         bool // roles in a word, spans instead of dates, hosts without a domain that all have
	pid           bool
	bare          bool // without the time since when, and without what a late beat leads to
}

// layouts are for narrower and narrower terminals.
var layouts = []layout{
	{host: 40, version: 24, uuid: true, pid: true},
	{host: 40, version: 24, pid: true},
	{host: 30, version: 12, pid: true, brief: true},
	{host: 20, version: 12, pid: true, brief: true},
	{host: 24, pid: true, brief: true},
	{host: 24, brief: true},
	{host: 16, brief: true},
	{host: 24, brief: true, bare: true},
	{host: 16, brief: true, bare: true},
	{host: 10, brief: true, bare: true},
}

// showInstances returns the table with the most columns that there is room for.
func showInstances(g status.Group, columns int) []terminal.Line {
	return widest(layouts, columns, func(l layout) []terminal.Line { return l.table(g) })
}

// widest returns the first table that fits into so many columns, or else the last one. The
// layouts are for narrower and narrower terminals.
func widest[L any](layouts []L, columns int, table func(L) []terminal.Line) (lines []terminal.Line) {
	for _, l := range layouts {
		if lines = table(l); fits(lines, columns) {
			break
		}
	}
	return lines
}

// fits reports whether all lines are within so many columns; 0 is no limit.
func fits(lines []terminal.Line, columns int) bool {
	return columns == 0 || !slices.ContainsFunc(lines, func(l terminal.Line) bool { return l.Width() > columns })
}

func (l layout) table(g status.Group) []terminal.Line {
	var head []string
	var numbers []int
	columns := l.columns(g)
	for i, c := range columns {
		head = append(head, c.name)
		if c.number {
			numbers = append(numbers, i)
		}
	}
	rows := [][]terminal.Span{heading(head...)}
	for _, in := range g.Instances {
		var row []terminal.Span
		for _, c := range columns {
			row = append(row, c.show(in))
		}
		rows = append(rows, row)
	}
	return terminal.Table(rows, numbers...)
}

// column is a column of a table of instances.
type column struct {
	name   string
	number bool
	show   func(status.Instance) terminal.Span
}

// columns returns the columns of a layout. There is one for priorities if an instance has
// one.
func (l layout) columns(g status.Group) (list []column) {
	add := func(name string, show func(status.Instance) string) {
		list = append(list, column{name, name == "TERM" || name == "PRIO" || name == "PID", func(in status.Instance) terminal.Span { return terminal.Text(show(in)) }})
	}
	list = append(list, column{name: "ROLE", show: l.role})
	add("TERM", func(in status.Instance) string { return showNumber(in.Term) })
	if slices.ContainsFunc(g.Instances, func(in status.Instance) bool { return in.Priority != 0 }) {
		add("PRIO", func(in status.Instance) string { return strconv.Itoa(in.Priority) })
	}
	host := func(host string) string { return host }
	if l.brief {
		var hosts []string
		for _, in := range g.Instances {
			hosts = append(hosts, in.Host)
		}
		host = withoutDomain(hosts)
	}
	add("HOST", func(in status.Instance) string { return shorten(host(in.Host), l.host) })
	if l.pid {
		add("PID", func(in status.Instance) string { return strconv.Itoa(in.PID) })
	}
	if l.version > 0 {
		add("VERSION", func(in status.Instance) string { return shorten(in.Version, l.version) })
	}
	list = append(list, column{name: "LAST BEAT", show: l.beat})
	switch {
	case l.bare:
	case l.brief:
		add("FOR", func(in status.Instance) string { return showSpan(in.Since, g.At) })
	default:
		add("SINCE (UTC)", func(in status.Instance) string { return status.Instant(in.Since, g.At) })
	}
	add("INSTANCE", func(in status.Instance) string {
		if l.uuid {
			return in.ID.String()
		}
		return registry.ShortID(in.ID)
	})
	return list
}

// withoutDomain returns a function that leaves out the domain of a host. It leaves hosts
// as they are unless all have the same domain and still differ without it.
func withoutDomain(hosts []string) func(string) string {
	whole := func(host string) string { return host }
	_, domain, _ := strings.Cut(hosts[0], ".")
	differ := false
	for _, host := range hosts {
		if _, d, ok := strings.Cut(host, "."); !ok || d != domain {
			return whole
		}
		differ = differ || host != hosts[0]
	}
	if !differ {
		return whole
	}
	return func(host string) string { return strings.TrimSuffix(host, "."+domain) }
}

func (l layout) role(in status.Instance) terminal.Span {
	role := terminal.Text(string(in.Role))
	if in.Role == registry.Active {
		role.Style = terminal.Good
		if in.Silent {
			role.Style = terminal.Bad
		}
	}
	switch {
	case l.brief && in.HoldingOff:
		role.Text = "holding off"
		return role
	case l.brief && in.SteppingDown:
		role.Text = "stepping down"
		return role
	case l.brief: // the column of the beat says that it is silent
		return role
	case in.HoldingOff:
		role.Text += ", holding off"
	case in.SteppingDown:
		role.Text += ", stepping down"
	}
	if in.Silent {
		role.Text += ", silent"
	}
	return role
}

// beat shows how old a beat is, and when its instance is an orphan.
func (l layout) beat(in status.Instance) terminal.Span {
	if !in.Silent {
		return terminal.Text(in.Age.String())
	}
	text := in.Age.String()
	if in.Ahead > 0 {
		text = "ahead by " + in.Ahead.String()
	}
	switch {
	case l.bare:
		return terminal.Late.Of(text + ", silent")
	case in.OrphanIn == 0:
		return terminal.Late.Of(text + ", orphan")
	}
	return terminal.Late.Of(fmt.Sprintf("%s, orphan in %v", text, in.OrphanIn))
}
