package systemd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/understudy-go/understudy/checks/part"
)

// boot is what process 1 of a machine's namespaces does before it becomes
// systemd. It has the host's files, but for those that it would change, and no
// cgroups but its own. $1 is a directory of the test.
const boot = `set -e
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs tmpfs /mnt
mkdir /mnt/test /mnt/upper /mnt/work
mount --bind "$1" /mnt/test
for d in /run /tmp /var /usr/local; do mount -t tmpfs tmpfs $d; done
mkdir -p /var/lib /var/tmp /usr/local/bin
cp /mnt/test/understudy /usr/local/bin/understudy
mount -t overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work overlay /etc
mkdir -p /etc/understudy
mount --bind /mnt/test/understudy.d /etc/understudy
mount -t tmpfs tmpfs /etc/systemd
cp -r /mnt/test/system /etc/systemd/system
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
exec env -i container=test PATH="$PATH" "$2" --unit=test.target --log-target=console --show-status=no
`

// machine is a systemd in namespaces of its own.
type machine struct {
	t      *testing.T
	dir    string
	cgroup string
	pid    string // of its process 1
}

// newMachine boots one, or skips the test where that is not possible.
func newMachine(t *testing.T) *machine {
	t.Helper()
	systemd := "/lib/systemd/systemd"
	for _, name := range []string{"systemctl", "unshare", "nsenter"} {
		part.Need(t, name, "systemd and util-linux")
	}
	if _, err := os.Stat(systemd); err != nil || os.Geteuid() != 0 {
		t.Skipf("a systemd of its own needs root and %s: user %d, %v", systemd, os.Geteuid(), err)
	}
	m := &machine{t: t, dir: t.TempDir(), cgroup: newCgroup(t)}
	text := unit(t)
	m.write("system/understudy@.service", string(text))
	m.write("system/understudy@.service.d/test.conf", "[Service]\nStandardOutput=append:/mnt/test/log\nStandardError=append:/mnt/test/log\nWatchdogSec=10\n")
	m.write("system/test.target", "[Unit]\nDescription=Test\n")
	m.write("understudy.d/README", "")
	if out, err := exec.Command("cp", part.Binary(t), filepath.Join(m.dir, "understudy")).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v\n%s", err, out)
	}
	cmd := exec.Command("/bin/sh", "-c", `echo $$ >"$1/cgroup.procs" && shift && exec "$@"`, "sh", m.cgroup,
		"unshare", "--pid", "--fork", "--kill-child", "--mount", "--uts", "--ipc", "--net", "--cgroup",
		"/bin/sh", "-c", boot, "sh", m.dir, systemd)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("systemd said:\n%s\nUnderstudy said:\n%.20000s", &log, m.log())
		}
	})
	part.Until(t, "systemd to boot", func() bool {
		select {
		case <-ended:
			t.Skipf("no systemd of its own can be had here: %s", &log)
		default:
		}
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", cmd.Process.Pid))
		m.pid = strings.TrimSpace(string(children))
		if comm, _ := os.ReadFile("/proc/" + m.pid + "/comm"); m.pid == "" || string(comm) != "systemd\n" {
			return false
		}
		_, err := m.systemctl("show", "-p", "Version")
		return err == nil
	})
	return m
}

// newCgroup makes a cgroup for a machine, and removes it when that is gone.
func newCgroup(t *testing.T) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		f := strings.Fields(line)
		if len(f) < 4 || f[2] != "cgroup2" {
			continue
		}
		dir := filepath.Join(f[1], fmt.Sprintf("understudy-test-%d", os.Getpid()))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Skipf("a systemd of its own needs a cgroup of its own: %v", err)
		}
		t.Cleanup(func() {
			part.Until(t, "the cgroups to be empty", func() bool {
				_ = exec.Command("find", dir, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";").Run()
				_, err := os.Stat(dir)
				return os.IsNotExist(err)
			})
		})
		return dir
	}
	t.Skip("a systemd of its own needs the second version of cgroups")
	return ""
}

func (m *machine) write(name, text string) {
	m.t.Helper()
	path := filepath.Join(m.dir, name)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o600)
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

// ticks is a jobs file.
const ticks = `jobs: {tick: {command: "echo ticked in term $UNDERSTUDY_TERM", schedule: "@every 1s"}}` + "\n"

const registryOfOrders = "UNDERSTUDY_REGISTRY=sqlite:/var/lib/understudy/orders/registry.db"

// configure writes the variables of the group orders, which may override these.
func (m *machine) configure(env ...string) {
	m.write("understudy.d/orders.env", strings.Join(append([]string{
		registryOfOrders,
		"UNDERSTUDY_HEARTBEAT_INTERVAL=200ms", "UNDERSTUDY_STOP_GRACE=2s", "UNDERSTUDY_ORPHAN_AFTER=15s",
	}, env...), "\n")+"\n")
}

func (m *machine) log() string {
	data, _ := os.ReadFile(filepath.Join(m.dir, "log"))
	return string(data)
}

// command is to be run in the machine.
func (m *machine) command(args ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{"--target", m.pid, "--all"}, args...)...)
}

func (m *machine) systemctl(args ...string) (string, error) {
	out, err := m.command(append([]string{"systemctl"}, args...)...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// registered are the pids of the group's instances, as the registry has them.
func (m *machine) registered() (pids []string) {
	m.t.Helper()
	cmd := m.command("env", registryOfOrders, "UNDERSTUDY_GROUP=orders", "/usr/local/bin/understudy", "status", "--json")
	out, _ := cmd.Output() // it exits with 1 while none is active
	var seen struct {
		Instances []struct{ PID int }
	}
	if err := json.Unmarshal(out, &seen); err != nil {
		m.t.Fatalf("understudy status: %v\n%s", err, out)
	}
	for _, in := range seen.Instances {
		pids = append(pids, strconv.Itoa(in.PID))
	}
	return pids
}

const service = "understudy@orders.service"

// order tells systemd what to do with the service, and waits until it is done.
func (m *machine) order(verb string) {
	m.t.Helper()
	if out, err := m.systemctl(verb, service); err != nil {
		m.t.Fatalf("systemctl %s: %v\n%s", verb, err, out)
	}
}

// property is what systemd knows of the service.
func (m *machine) property(name string) string {
	m.t.Helper()
	out, err := m.systemctl("show", "-p", name, "--value", service)
	if err != nil {
		m.t.Fatalf("systemctl show: %v\n%s", err, out)
	}
	return out
}

// is checks properties, given as NAME=VALUE.
func (m *machine) is(entries ...string) {
	m.t.Helper()
	for _, entry := range entries {
		name, want, _ := strings.Cut(entry, "=")
		if got := m.property(name); got != want {
			m.t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// processes are those of the service, by their kernel's names.
func (m *machine) processes() map[string][]int {
	byName := map[string][]int{}
	files, _ := filepath.Glob(filepath.Join(m.cgroup, "system.slice", "system-understudy.slice", service, "cgroup.procs"))
	for _, file := range files {
		data, _ := os.ReadFile(file)
		for _, field := range strings.Fields(string(data)) {
			pid, _ := strconv.Atoi(field)
			if comm, err := os.ReadFile("/proc/" + field + "/comm"); err == nil {
				name := strings.TrimSpace(string(comm))
				byName[name] = append(byName[name], pid)
			}
		}
	}
	return byName
}
