package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// groupOf returns a group whose instances are all well. The first one is active.
func groupOf(hosts ...string) status.Group {
	g := status.Group{Name: "g", Term: 7, Healthy: true, Health: "the health"}
	for i, host := range hosts {
		in := status.Instance{
			ID:   uuid.MustParse(fmt.Sprintf("01890a5d-ac9%d-774b-bcce-b302099a805%d", i, i)),
			Host: host, Role: registry.Passive, Age: status.Seconds(time.Second),
		}
		if i == 0 {
			in.Role, in.Term = registry.Active, g.Term
		}
		g.Instances = append(g.Instances, in)
	}
	return g
}

func TestChooseTarget_TakesOnlyWhoCouldTakeOver(t *testing.T) {
	silent := func(i int) func(*status.Group) { return func(g *status.Group) { g.Instances[i].Silent = true } }
	holdingOff := func(i int) func(*status.Group) { return func(g *status.Group) { g.Instances[i].HoldingOff = true } }
	both := func(a, b func(*status.Group)) func(*status.Group) { return func(g *status.Group) { a(g); b(g) } }
	for _, tt := range []struct {
		name   string
		hosts  string
		change func(g *status.Group)
		to     string
		force  bool
		target string // its host; empty: whoever is senior
		warns  string
		fails  string
	}{
		{name: "whoever is senior", hosts: "a b c"},
		{name: "a host", hosts: "a b c", to: "c", target: "c"},
		{name: "a host in capitals", hosts: "a b c", to: "C", target: "c"},
		{name: "a host with a slash", hosts: "a x/b c", to: "x/b", target: "x/b"},
		{name: "a UUID", hosts: "a b c", to: "01890a5d-ac91-774b-bcce-b302099a8051", target: "b"},
		{name: "a UUID in capitals, without dashes", hosts: "a b c", to: "01890A5DAC91774BBCCEB302099A8051", target: "b"},
		{name: "its last six digits", hosts: "a b c", to: "9a8052", target: "c"},
		{name: "its first digits", hosts: "a b c", to: "01890a5d-ac92", target: "c"},
		{name: "a host and digits, as in the log", hosts: "a b b", to: "b/9a8052", target: "b"},

		{name: "five digits are too few", hosts: "a b c", to: "a8052", fails: `no instance is called "a8052"; there are 01890a5d-ac90-774b-bcce-b302099a8050 on a, 01890a5d-ac91`},
		{name: "digits in the middle", hosts: "a b c", to: "774bbcce", fails: "no instance is called"},
		{name: "digits that several begin with", hosts: "a b c", to: "01890a5d", fails: "is the name of 3 instances"},
		{name: "no such host", hosts: "a b", to: "z\x1b", fails: `no instance is called "z\x1b"`},
		{name: "another host with these digits", hosts: "a b c", to: "a/9a8052", fails: "no instance is called"},
		{name: "a host of several", hosts: "a b b", to: "b",
			fails: `"b" is the name of 2 instances, say which: 01890a5d-ac91-774b-bcce-b302099a8051 on b, 01890a5d-ac92-774b-bcce-b302099a8052 on b`},
		{name: "force does not choose between two instances on one host", hosts: "a b b", to: "b", force: true, fails: "is the name of 2 instances"},
		{name: "the active one", hosts: "a b", to: "a", target: "a"},
		{name: "the active one, by force", hosts: "a", to: "a", force: true, target: "a"},

		{name: "nobody else", hosts: "a", fails: "nobody else is there to take over: start another instance; --force"},
		{name: "nobody else, by force", hosts: "a", force: true, warns: "warning: nobody else is there to take over, so nobody works for up to 1m00s"},
		{name: "others that could not", hosts: "a b c", change: both(silent(1), holdingOff(2)), fails: "no other instance can take over (silent: 1, holding off: 1): start another instance, or wait (it handed over or failed before"},
		{name: "others that could not, by force", hosts: "a b c", change: both(silent(1), holdingOff(2)), force: true, warns: "warning: no other instance can take over (silent: 1, holding off: 1), so nobody works for up to 1m00s"},
		{name: "others that are all silent", hosts: "a b", change: silent(1), fails: "no other instance can take over (silent: 1): start another instance; --force"},
		{name: "one that could is enough", hosts: "a b c", change: silent(1)},
		{name: "one that could, and force", hosts: "a b c", change: silent(1), force: true},

		{name: "a silent one", hosts: "a b c", change: silent(1), to: "b", fails: "b/9a8051 has not beaten for 1.0s; --force"},
		{name: "a silent one by force", hosts: "a b c", change: silent(1), to: "b", force: true, target: "b", warns: "warning: b/9a8051 has not beaten for 1.0s, so another may take over instead"},
		{name: "one that holds off", hosts: "a b c", change: holdingOff(1), to: "b", fails: "b/9a8051 holds off: it handed over or failed before, and"},
		{name: "one that holds off, by force, and nobody else", hosts: "a b", change: holdingOff(1), to: "b", force: true, target: "b", warns: "warning: b/9a8051 holds off, so nobody works for up to 1m00s"},

		{name: "nobody active", hosts: "a b", change: func(g *status.Group) { g.Instances[0].Role = registry.Passive }, force: true, fails: `no instance in group "g" would read the request: the health`},
		{name: "an active one that is silent", hosts: "a b", change: silent(0), force: true, fails: "would read the request: the health"},
		{name: "nobody at all", hosts: "", force: true, fails: "would read the request: the health"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := groupOf(strings.Fields(tt.hosts)...)
			if tt.change != nil {
				tt.change(&g)
			}
			target, warning, err := chooseTarget(g, tt.to, tt.force, time.Minute)
			if tt.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fails) || strings.ContainsAny(err.Error(), "\n\x1b") {
					t.Fatalf("got %q, want %q in it", err, tt.fails)
				}
				return
			}
			if err != nil || target.Host != tt.target {
				t.Errorf("got %q, %v, want %q", target.Host, err, tt.target)
			}
			if !strings.Contains(warning, tt.warns) || tt.warns == "" && warning != "" {
				t.Errorf("the warning is %q, want %q", warning, tt.warns)
			}
		})
	}
}

func TestChooseTarget_ErrorListsTwentyInstancesAtMost(t *testing.T) {
	g := groupOf("a")
	for range 999 {
		g.Instances = append(g.Instances, status.Instance{ID: uuid.New(), Host: "many"})
	}
	_, _, err := chooseTarget(g, "many", false, time.Minute)
	if err == nil || len(err.Error()) > 2000 || !strings.HasSuffix(err.Error(), "and 979 more") {
		t.Errorf("got %v", err)
	}
}

func TestHandoverResult_TellsWhetherTheTargetTookOver(t *testing.T) {
	party := func(i int) party { return partyOf(groupOf("a", "b", "c").Instances[i]) }
	for _, tt := range []struct {
		wanted, next int // 0: none wanted
		fails        string
	}{
		{0, 1, ""},
		{2, 2, ""},
		{2, 1, "b/9a8051 took over, and not c/9a8052"},
		{2, 0, "nobody else took over from a/9a8050"},
		{0, 0, "nobody else took over from a/9a8050"},
	} {
		r := handoverResult{From: party(0), Next: &successor{party: party(tt.next)}}
		if tt.wanted > 0 {
			r.Wanted = new(party(tt.wanted))
		}
		if err := r.check(); err != nil && err.Error() != tt.fails || err == nil && tt.fails != "" {
			t.Errorf("wanted %d, got %d: %v, want %q", tt.wanted, tt.next, err, tt.fails)
		}
	}
}

func TestHandover_RefusesWrongUsage(t *testing.T) {
	testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY=sqlite:"+t.TempDir()+"/none.db")
	for _, tt := range []struct {
		args string
		code int
		want string
	}{
		{"handover --to=", exitcode.Usage, "--to is empty"},
		{"handover b", exitcode.Usage, "takes no arguments"},
		{"handover --wait=soon", exitcode.Usage, "--wait"},
		{"handover", exitcode.Failure, "there is no instance to ask"},
		{"handover --wait", exitcode.Failure, "none.db; there is no such file yet"},
	} {
		code, stdout, stderr := inProcess(strings.Split(tt.args, " ")...)
		if code != tt.code || stdout != "" {
			t.Errorf("%s: exit code %d, stdout %q, want %d and nothing", tt.args, code, stdout, tt.code)
		}
		testkit.WantLine(t, stderr, "understudy: ", tt.want)
	}
}

func TestHandover_JSONIsAnObjectWhateverHappens(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		run := func(code int, args ...string) (r handoverResult, stderr string) {
			t.Helper()
			got, stdout, stderr := inProcess(append([]string{"handover", "--json"}, args...)...)
			if err := json.Unmarshal([]byte(stdout), &r); err != nil || got != code {
				t.Errorf("%q: exit code %d, want %d; %v in %q; stderr %q", args, got, code, err, stdout, stderr)
			}
			if (r.Error != "") != (code != exitcode.OK) || r.Error != "" && stderr != "understudy: "+r.Error+"\n" {
				t.Errorf("%q: the error is %q, stderr %q", args, r.Error, stderr)
			}
			return r, stderr
		}
		if r, _ := run(exitcode.Failure); r.Group != "default" || r.Asked || r.From.Host != "" || !strings.Contains(r.Error, "no instance in group") {
			t.Errorf("nobody at all: %+v", r)
		}
		a := s.join(t, "default", "a")
		s.begin(t, "default", 1, a, "a")
		if r, _ := run(exitcode.Failure); r.Asked || !strings.HasPrefix(r.Error, "nobody else is there to take over: start another instance") {
			t.Errorf("nobody else: %+v", r)
		}
		s.join(t, "default", "b")
		if r, _ := run(exitcode.Failure, "--to", "z\x1b"); r.Asked || !strings.Contains(r.Error, `"z\x1b"`) {
			t.Errorf("nobody of that name: %+v", r)
		}
		if r, _ := run(exitcode.OK, "--to", "a", "--wait"); r.Asked || !r.Already || r.Term != 1 || r.From.Instance != a || r.Wanted == nil || r.Wanted.Instance != a {
			t.Errorf("the active one: %+v", r)
		}
		code, stdout, stderr := inProcess("handover", "--to", "a")
		if want := "a/" + registry.ShortID(a) + " is the active one already, in term 1\n"; code != exitcode.OK || stdout != want || stderr != "" {
			t.Errorf("the active one: exit code %d, %q, want %q; stderr %q", code, stdout, want, stderr)
		}
		if view, err := s.View(t.Context(), "default"); err != nil || view.Latest.Handover != nil {
			t.Errorf("something was asked: %v, %v", view.Latest, err)
		}
		if r, _ := run(exitcode.OK, "--to", "b"); !r.Asked || r.Already || r.Wanted.Host != "b" {
			t.Errorf("asked: %+v", r)
		}
		s.spoil(t, "default")
		if r, _ := run(exitcode.Unavailable); r.Asked || !strings.Contains(r.Error, "corrupt record") {
			t.Errorf("not understood: %+v", r)
		}
	})
	testkit.CleanEnv(t, "UNDERSTUDY_GROUP=no way", "UNDERSTUDY_REGISTRY=mongodb://h")
	if code, stdout, _ := inProcess("handover", "--json"); code != exitcode.Config || !strings.Contains(stdout, `"error": "UNDERSTUDY_GROUP=`) {
		t.Errorf("bad configuration: exit code %d, %s", code, stdout)
	}
}

// unreadable is a registry in which the record of an instance cannot be read.
type unreadable struct {
	registry.Backend
	list []registry.Instance
}

func (u unreadable) Terms(context.Context, string, int) ([]registry.Term, error) {
	return []registry.Term{{Number: 1, Holder: u.list[0].ID, StartedAt: time.Now()}}, nil
}

func (u unreadable) Instances(context.Context, string) ([]registry.Instance, time.Time, error) {
	return u.list, time.Now(), fmt.Errorf("instances: %w: it is\x1b odd", registry.ErrCorrupt)
}

func TestHandover_IgnoresARecordThatCannotBeRead(t *testing.T) {
	now := time.Now()
	l := clientOf(fakeAdmin{}, new(bytes.Buffer))
	l.admin = unreadable{list: []registry.Instance{memberOf(1, "a", now), memberOf(2, "b", now)}}
	g, target, _, err := l.target(t.Context(), handoverOptions{to: "b"}, registry.DefaultTiming)
	if want := `a record cannot be read: instances: corrupt record: it is\x1b odd`; err != nil || target.Host != "b" || unreadRecord(g) != want {
		t.Errorf("%v, %q, %q, want b and %q", err, target.Host, unreadRecord(g), want)
	}
	if text := unreadRecord(status.Group{}); text != "" {
		t.Error(text)
	}
}
