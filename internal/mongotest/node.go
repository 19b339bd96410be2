package mongotest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// supervisor is the script of a shell that ends the node when the test process has
// ended, even if that was killed. It runs the node, prints its process id, and waits
// for a line of its input, or for the end of the input, which comes when the test
// process is gone. It has not yet waited for the node, so no other process can have
// the id that it kills.
const supervisor = `dir=$1; shift
"$@" </dev/null >"$dir.log" 2>&1 &
echo $!
how=
read -r how
kill -KILL $! 2>/dev/null
wait $! 2>/dev/null
[ "$how" = keep ] || { rm -rf "$dir" "$dir".*; rmdir "${dir%/*}" 2>/dev/null || :; }
`

// node is one mongod. Its other files are named after its directory: dir.log and so
// on.
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
	args := append([]string{"-c", supervisor, "supervisor", n.dir, mongod,
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

// listening waits until the log says that the node accepts connections. To connect is
// no proof of that: another process may have taken the port, and then it answers.
func (n *node) listening() error {
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		data, _ := os.ReadFile(n.dir + ".log")
		log := string(data)
		if strings.Contains(log, "Waiting for connections") {
			return nil
		}
		switch {
		case strings.Contains(log, addressInUse):
			return errors.Join(fmt.Errorf("mongod on port %d: %w", n.port, errPortTaken), n.stop(false))
		case strings.Contains(log, `"Shutting down"`), strings.Contains(log, "try 'mongod --help'"),
			strings.Contains(log, `"s":"F"`), time.Since(begun) > patience:
			return errors.Join(fmt.Errorf("mongod on port %d does not listen: %s", n.port, tail(data, 2000)), n.stop(false))
		}
	}
}

// addressInUse is in the log of a node whose port another process has.
const addressInUse = "Address already in use"

var errPortTaken = errors.New("another process has taken it")

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

// freePort returns a port of the loopback interface that was free a moment ago. It is
// none of those that the system gives to outgoing connections, so that a node which was
// killed can have it again.
func freePort() (port int, err error) {
	const first, last = 15000, 30000
	for range 100 {
		port = first + rand.IntN(last-first)
		l, failed := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if failed == nil {
			return port, l.Close()
		}
		err = failed
	}
	return 0, err
}

// startAnywhere starts the node on a free port. It tries another one if some process
// has taken the port in the meantime.
func (n *node) startAnywhere(mongod string) (err error) {
	for range 3 {
		if n.port, err = freePort(); err != nil {
			return err
		}
		if err = n.start(mongod); !errors.Is(err, errPortTaken) {
			return err
		}
	}
	return err
}
