//go:build unix

package part

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Instance is a running instance of the program.
type Instance struct {
	Address string // HOST:PORT of its HTTP server
	env     map[string]string
	cmd     *exec.Cmd
	log     chan string // all of it, when it has ended
}

// Start starts an instance in an environment that is made for a container: its
// registry is replaced by a file, and its address by one of this machine. It is
// told to stop when the test ends, if not before.
func Start(t *testing.T, env map[string]string, file string) *Instance {
	t.Helper()
	env = maps.Clone(env)
	delete(env, "UNDERSTUDY_REGISTRY_FILE")
	env["UNDERSTUDY_REGISTRY"] = "sqlite:" + file
	env["UNDERSTUDY_HTTP_ADDR"] = "127.0.0.1:0"
	env["UNDERSTUDY_LOG_FORMAT"] = "json"
	cmd := exec.Command(Binary(t))
	cmd.Env = only(env)
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	served, all := make(chan string, 1), make(chan string, 1)
	go func() {
		var text strings.Builder
		for in := bufio.NewScanner(log); in.Scan(); {
			var line struct{ Message string }
			_ = json.Unmarshal(in.Bytes(), &line)
			if address, ok := strings.CutPrefix(line.Message, "serving http://"); ok {
				served <- address
			}
			text.WriteString(in.Text() + "\n")
		}
		all <- text.String()
	}()
	i := &Instance{env: env, cmd: cmd, log: all}
	t.Cleanup(func() { i.End(t, syscall.SIGTERM) })
	select {
	case i.Address = <-served:
	case text := <-all:
		all <- text
		t.Fatal("the instance ended")
	case <-time.After(patience):
		t.Fatal("the instance serves nothing")
	}
	i.env["UNDERSTUDY_HTTP_ADDR"] = i.Address
	return i
}

// End sends an instance that runs a signal, and waits until it has ended. It must
// have left with 0, unless it was killed.
func (i *Instance) End(t *testing.T, s syscall.Signal) {
	t.Helper()
	if i.cmd.ProcessState != nil {
		return
	}
	_ = i.cmd.Process.Signal(s)
	hung := time.AfterFunc(patience, func() { _ = i.cmd.Process.Kill() })
	defer hung.Stop()
	text := <-i.log
	if err := i.cmd.Wait(); err != nil && s != syscall.SIGKILL {
		t.Errorf("instance: %v", err)
	}
	if t.Failed() {
		t.Log("its log:\n" + text)
	}
}

// only is an environment for the program, with nothing else of ours.
func only(env map[string]string) []string {
	list := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir()}
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	return list
}

// Get asks the instance by HTTP, and returns the status code; 0: no answer.
func (i *Instance) Get(t *testing.T, path string) int {
	t.Helper()
	client := http.Client{Timeout: 3 * time.Second}
	defer client.CloseIdleConnections()
	answer, err := client.Get("http://" + i.Address + path)
	if err != nil {
		t.Log(err)
		return 0
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}

// Await asks until the status code is the wanted one.
func (i *Instance) Await(t *testing.T, path string, want int) {
	t.Helper()
	Until(t, fmt.Sprintf("GET %s to answer %d", path, want), func() bool { return i.Get(t, path) == want })
}

// Run runs the program with arguments in the environment of the instance, and
// returns its exit code and what it wrote.
func (i *Instance) Run(t *testing.T, args ...string) (code int, output string) {
	t.Helper()
	cmd := exec.Command(Binary(t), args...)
	cmd.Env = only(i.env)
	out, _ := cmd.CombinedOutput()
	return cmd.ProcessState.ExitCode(), string(out)
}

// Freeze stops the instance's process until the test goes on.
func (i *Instance) Freeze(t *testing.T) (thaw func()) {
	t.Helper()
	if err := i.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	return func() { _ = i.cmd.Process.Signal(syscall.SIGCONT) }
}
