package mongotest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/testkit"
)

// The test binary runs itself, as a test process that starts servers and is killed.
func TestMain(m *testing.M) {
	if os.Getenv("UNDERSTUDY_TEST_MONGOTEST") == "servers" {
		servers()
	}
	os.Exit(Main(m))
}

// servers starts a set, prints the address and the directory of its node, and hangs.
func servers() {
	mongod, err := binary()
	if err == nil {
		var s *Set
		if s, err = start(mongod, 1); err == nil {
			fmt.Println(s.Host(0), s.nodes[0].dir)
			select {}
		}
	}
	fmt.Println(err)
	os.Exit(1)
}

func self(t *testing.T, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), env...)
	return cmd
}

func TestStart_KilledTestProcessLeavesNothing(t *testing.T) {
	t.Parallel()
	if _, err := binary(); err != nil {
		noServer(t, err)
	}
	cmd := self(t, "UNDERSTUDY_TEST_MONGOTEST=servers")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	host, dir, ok := strings.Cut(strings.TrimSpace(line), " ")
	if !ok {
		t.Fatalf("the child printed %q", line)
	}
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatalf("the server is not there: %v", err)
	}
	defer conn.Close()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF && !strings.Contains(fmt.Sprint(err), "reset") {
		t.Errorf("the server's end of the connection: %v, want it closed", err)
	}
	testkit.Until(t, "its files to be gone", func() bool {
		_, err := os.Stat(dir + "/..")
		return os.IsNotExist(err)
	})
}

func TestSet_ThreeNodesElectAnotherPrimary(t *testing.T) {
	t.Parallel()
	s := Start(t, 3)
	old := s.Primary(t)
	s.Kill(t, old)
	if p := s.Primary(t); p == old {
		t.Errorf("the killed node %d is still the primary", old)
	}
	s.Restart(t, old)
	s.StepDown(t)
	s.Primary(t)
}

func TestSet_FrozenNodeAnswersWhenThawed(t *testing.T) {
	t.Parallel()
	s := Start(t, 1)
	s.Freeze(t, 0)
	conn, err := net.Dial("tcp", s.Host(0)) // the kernel accepts
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if h, err := s.hello(0); err == nil {
		t.Errorf("the frozen node answers %+v", h)
	}
	s.Thaw(t, 0)
	s.Primary(t)
}

func TestStart_HeedsItsOptions(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]Option{
		"Standalone": {Standalone},
		"Auth":       {Auth},
		"AuthTLS":    {Auth, TLS},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Start(t, 1, options...)
			if s.primary() != 0 {
				t.Errorf("no primary at %s", s.URI())
			}
		})
	}
}

func TestShared_DatabasesAreFresh(t *testing.T) {
	seen := map[string]bool{}
	for range 2 {
		t.Run("", func(t *testing.T) {
			uri := Shared(t)
			if seen[uri] {
				t.Errorf("%s was returned before", uri)
			}
			seen[uri] = true
		})
	}
}

func TestMain_EndsWithWhatIsMissing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		require  string
		exitCode int
	}{{"", 0}, {"1", 1}} {
		// Without a home and a PATH there is nowhere to take a server from.
		cmd := self(t, "PATH=/nonexistent", "HOME=", "XDG_CACHE_HOME=", uriVar+"=", requireVar+"="+tt.require)
		cmd.SysProcAttr = ownSession() // without a terminal, so that nobody sees what is missing here
		cmd.Args = append(cmd.Args, "-test.run=^(TestSet_ThreeNodesElectAnotherPrimary|TestShared_DatabasesAreFresh)$")
		out, _ := cmd.CombinedOutput()
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		last := lines[len(lines)-1]
		if code := cmd.ProcessState.ExitCode(); code != tt.exitCode {
			t.Errorf("with %s=%q the exit code is %d, want %d", requireVar, tt.require, code, tt.exitCode)
		}
		if !strings.Contains(last, "went without MongoDB") || !strings.Contains(last, uriVar) {
			t.Errorf("with %s=%q the last line is %q, want it to say what is missing and what to do", requireVar, tt.require, last)
		}
	}
}

func TestWithDatabase(t *testing.T) {
	for uri, want := range map[string]string{
		"mongodb://a":                       "mongodb://a/x?",
		"mongodb://a,b:2/?replicaSet=r":     "mongodb://a,b:2/x?replicaSet=r",
		"mongodb://u:p@a/":                  "mongodb://u:p@a/x?authSource=admin",
		"mongodb://u:p@a/old?w=1":           "mongodb://u:p@a/x?w=1&authSource=old",
		"mongodb://u:p@a/old?authSource=me": "mongodb://u:p@a/x?authSource=me",
	} {
		if got := withDatabase(uri, "x"); got != want {
			t.Errorf("%s became %s, want %s", uri, got, want)
		}
	}
}

func TestNode_PortThatIsTakenIsNamed(t *testing.T) {
	t.Parallel()
	mongod, err := binary()
	if err != nil {
		noServer(t, err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	n := &node{dir: filepath.Join(t.TempDir(), "0"), port: taken.Addr().(*net.TCPAddr).Port}
	if err := n.start(mongod); !errors.Is(err, errPortTaken) {
		t.Errorf("started on the port of another: %v, want errPortTaken, so that another port is tried", err)
	}
}
