package systemd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/checks/part"
)

// TestUnit_IsInstalledAsTheDocumentSays runs the commands of
// docs/three-machines.md that install and start the unit. Package machines runs
// the others.
func TestUnit_IsInstalledAsTheDocumentSays(t *testing.T) {
	m := newMachine(t)
	m.write("deploy/understudy@.service", string(unit(t)))
	m.write("understudy.d/orders.env", registryOfOrders+"\nCOMMAND='/bin/sleep 1000'\n")
	m.write("jobs.yaml", ticks)
	for _, installed := range []string{"/usr/local/bin/understudy", "/etc/systemd/system/understudy@.service"} {
		if out, err := m.command("rm", installed).CombinedOutput(); err != nil {
			t.Fatalf("rm %s: %v\n%s", installed, err, out)
		}
	}
	ran := 0
	for _, line := range part.Commands(t, "docs/three-machines.md") {
		switch verb, _, _ := strings.Cut(line, " "); verb {
		case "install", "systemctl", "echo":
			ran++
			if line == "systemctl status "+service[:len(service)-len(".service")] {
				part.Until(t, "the status", func() bool {
					out, err := m.command("sh", "-c", line).CombinedOutput()
					return err == nil && strings.Contains(string(out), `Status: "active in term 1"`)
				})
				continue
			}
			if out, err := m.command("sh", "-c", "cd /mnt/test && "+line).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", line, err, out)
			}
		case "orders", "orders()":
		default:
			if !strings.HasPrefix(line, "UNDERSTUDY_REGISTRY=") && !strings.HasPrefix(line, "COMMAND=") {
				t.Errorf("nobody runs %q", line)
			}
		}
	}
	if ran < 10 {
		t.Errorf("only %d commands were run: has the document's form changed?", ran)
	}
	part.Until(t, "the unit to be active after two restarts", func() bool { return m.property("StatusText") == "active in term 3" })
	part.Until(t, "a run of a job", func() bool { return strings.Contains(m.log(), "tick | ticked in term 3\n") })
	if out, err := m.systemctl("is-enabled", service); err != nil {
		t.Errorf("after a boot it would not start: %v, %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(m.dir, "log")); err != nil {
		t.Errorf("the unit wrote no log: %v", err)
	}
	m.order("stop")
}
