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
	"strconv"
	"strings"
	"time"
)

// keeper is the shell that outlives the test process just long enough. It runs
// the node, says its process number, and waits for a line or, when the test
// process is gone, for the end of its input. The node is its unreaped child, so
// the number that it kills is the node's.
const keeper = `dir=$1; shift
"$@" </dev/null >"$dir.log" 2>&1 &
echo $!
how=
read -r how
kill -KILL $! 2>/dev/null
wait $! 2>/dev/null
[ "$how" = keep ] || { rm -rf "$dir" "$dir".*; rmdir "${dir%/*}" 2>/dev/null || :; }
`

// node is one mongod. Its files are beside each other: dir, dir.log and so on.
type node struct {
	dir  string
	port int
	args []string

	cmd  *exec.Cmd
	pipe io.WriteCloser
	pid  int
}

// start runs the node and returns when it listens.
func (n *node) start(mongod string) error {
	if err := os.MkdirAll(n.dir, 0o700); err != nil {
		return err
	}
	args := append([]string{"-c", keeper, "keeper", n.dir, mongod,
		"--dbpath", n.dir, "--port", strconv.Itoa(n.port), "--bind_ip", "127.0.0.1", "--nounixsocket",
		"--wiredTigerCacheSizeGB", "0.25", "--quiet",
		"--setParameter", "enableTestCommands=1", "--setParameter", "diagnosticDataCollectionEnabled=false",
	}, n.args...)
	n.cmd = exec.Command("/bin/sh", args...)
	n.cmd.SysProcAttr = ownSession()
	n.cmd.Dir = filepath.Dir(n.dir)
	var err error
	if n.pipe, err = n.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := n.cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		n.pid, err = strconv.Atoi(strings.TrimSpace(line))
	}
	if err != nil {
		return errors.Join(err, n.stop(false))
	}
	return n.listening()
}

// listening waits until the node accepts connections.
func (n *node) listening() error {
	for begun := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", n.addr())
		if err == nil {
			return conn.Close()
		}
		log, _ := os.ReadFile(n.dir + ".log")
		if strings.Contains(string(log), `"Shutting down"`) || strings.Contains(string(log), "try 'mongod --help'") || time.Since(begun) > time.Minute {
			return errors.Join(fmt.Errorf("mongod on port %d does not listen: %s", n.port, tail(log, 2000)), n.stop(false))
		}
	}
}

// stop ends the node by SIGKILL and returns once it is gone.
func (n *node) stop(keep bool) error {
	if n.cmd == nil {
		return nil
	}
	if keep {
		fmt.Fprintln(n.pipe, "keep")
	}
	n.pipe.Close()
	err := n.cmd.Wait()
	n.cmd, n.pid = nil, 0
	return err
}

func (n *node) addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(n.port)) }

// freePort is a port of the loopback interface that was free a moment ago.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// startAnywhere starts the node on a free port: another, if somebody was quicker.
func (n *node) startAnywhere(mongod string) (err error) {
	for range 3 {
		if n.port, err = freePort(); err != nil {
			return err
		}
		if err = n.start(mongod); err == nil || !strings.Contains(err.Error(), "Address already in use") {
			return err
		}
	}
	return err
}
