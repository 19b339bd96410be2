package kubernetes

import (
	"fmt"
	"strings"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
)

// ports gives the container's ports by their names.
func (m manifests) ports(t *testing.T) map[string]int32 {
	t.Helper()
	ports := map[string]int32{}
	for _, p := range m.container(t).Ports {
		ports[p.Name] = p.ContainerPort
	}
	return ports
}

func (m manifests) probes(t *testing.T) map[string]*core.Probe {
	t.Helper()
	c := m.container(t)
	return map[string]*core.Probe{"startup": c.StartupProbe, "liveness": c.LivenessProbe, "readiness": c.ReadinessProbe}
}

func TestPods_EverybodyAsksThePortThatIsServed(t *testing.T) {
	m := load(t)
	_, port, _ := strings.Cut(m.settings(t).HTTPAddr, ":")
	if host := strings.TrimSuffix(m.settings(t).HTTPAddr, ":"+port); host != "" {
		t.Errorf("HTTP on %s, where the kubelet cannot ask", host)
	}
	ports := m.ports(t)
	if got := ports["http"]; fmt.Sprint(got) != port || len(ports) != 1 {
		t.Errorf("ports %v, want http, %s", ports, port)
	}
	for name, p := range m.probes(t) {
		if p == nil || p.HTTPGet == nil || p.HTTPGet.Port.String() != "http" || p.HTTPGet.Host != "" || p.HTTPGet.Scheme == core.URISchemeHTTPS {
			t.Errorf("%s: probe %+v, want a GET from http", name, p)
		}
	}
	if s := m.service.Spec; len(s.Ports) != 1 || s.Ports[0].TargetPort.String() != "http" || s.ClusterIP != core.ClusterIPNone || s.PublishNotReadyAddresses {
		t.Errorf("service %+v, want the addresses of the pods that are ready, port http", s)
	}
	annotations := m.workers.Spec.Template.Annotations
	if annotations["prometheus.io/scrape"] != "true" || annotations["prometheus.io/port"] != port || annotations["prometheus.io/path"] != "/metrics" {
		t.Errorf("annotations %v, want those of port %s", annotations, port)
	}
}

func TestProbes_DependNeitherOnTheRegistryNorOnARole(t *testing.T) {
	m := load(t)
	probes := m.probes(t)
	for name, want := range map[string]string{"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"} {
		if got := probes[name].HTTPGet.Path; got != want {
			t.Errorf("%s asks %s, want %s", name, got, want)
		}
	}
	start := probes["startup"]
	if patience := time.Duration(start.FailureThreshold*start.PeriodSeconds) * time.Second; patience < 10*time.Second {
		t.Errorf("killed %v after its start, however busy the node is", patience)
	}
}
