package kubernetes

import (
	"slices"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// admits says whether a peer of a policy in the namespace "own" is a pod without
// labels in that namespace.
func admits(t *testing.T, peer networking.NetworkPolicyPeer, namespace string) bool {
	t.Helper()
	matches := func(selector *meta.LabelSelector, set labels.Set) bool {
		s, err := meta.LabelSelectorAsSelector(selector)
		if err != nil {
			t.Fatal(err)
		}
		return s.Matches(set)
	}
	if peer.NamespaceSelector == nil {
		return peer.IPBlock == nil && namespace == "own" && matches(peer.PodSelector, nil)
	}
	return matches(peer.NamespaceSelector, labels.Set{core.LabelMetadataName: namespace}) && (peer.PodSelector == nil || matches(peer.PodSelector, nil))
}

func TestNetworkPolicy_AdmitsTheNamespaceAndPrometheusAlone(t *testing.T) {
	m := load(t)
	if !slices.Equal(m.network.Spec.PolicyTypes, []networking.PolicyType{networking.PolicyTypeIngress}) || len(m.network.Spec.Egress) > 0 {
		t.Errorf("policy types %v: want Ingress alone, since nobody knows here what the program has to reach", m.network.Spec.PolicyTypes)
	}
	if len(m.network.Spec.Ingress) != 1 {
		t.Fatalf("%d rules, want one", len(m.network.Spec.Ingress))
	}
	rule := m.network.Spec.Ingress[0]
	if len(rule.Ports) != 1 || rule.Ports[0].Port.String() != "http" || *rule.Ports[0].Protocol != core.ProtocolTCP || rule.Ports[0].EndPort != nil {
		t.Errorf("ports %+v, want http alone", rule.Ports)
	}
	if _, ok := m.ports(t)["http"]; !ok {
		t.Error("the pods have no port http")
	}
	if len(rule.From) == 0 {
		t.Error("everybody is admitted")
	}
	for namespace, want := range map[string]bool{"own": true, "monitoring": true, "other": false} {
		got := slices.ContainsFunc(rule.From, func(peer networking.NetworkPolicyPeer) bool { return admits(t, peer, namespace) })
		if got != want {
			t.Errorf("a pod of the namespace %q is admitted: %v, want %v", namespace, got, want)
		}
	}
}

func TestPodMonitor_ScrapesThePortThatIsServed(t *testing.T) {
	m, monitor := load(t), monitor(t)
	if len(monitor.Spec.PodMetricsEndpoints) != 1 {
		t.Fatalf("%d endpoints, want one: a pod that is scraped twice looks like two active instances", len(monitor.Spec.PodMetricsEndpoints))
	}
	endpoint := monitor.Spec.PodMetricsEndpoints[0]
	if endpoint.Port == nil || m.ports(t)[*endpoint.Port] == 0 {
		t.Errorf("it asks the port %v, the pods have %v", endpoint.Port, m.ports(t))
	}
	if want := m.workers.Spec.Template.Annotations["prometheus.io/path"]; endpoint.Path != want {
		t.Errorf("it asks for %s, want %s", endpoint.Path, want)
	}
	interval, err := time.ParseDuration(string(endpoint.Interval))
	if err != nil || interval < 15*time.Second || interval > 30*time.Second {
		t.Errorf("it scrapes every %q (error %v): the alert rules fit 15 to 30 s", endpoint.Interval, err)
	}
	if timeout, err := time.ParseDuration(string(endpoint.ScrapeTimeout)); err != nil || timeout > interval {
		t.Errorf("it waits for %q (error %v), want less than the interval", endpoint.ScrapeTimeout, err)
	}
}
