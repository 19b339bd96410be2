package kubernetes

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/understudy-go/understudy/checks/part"
	"github.com/understudy-go/understudy/config"
)

// environment is what a pod's process sees, with its Secret in a file.
func (m manifests) environment(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	env := map[string]string{}
	for _, v := range m.container(t).Env {
		value := v.Value
		switch from := v.ValueFrom; {
		case from == nil:
		case from.FieldRef != nil && from.FieldRef.FieldPath == "metadata.name":
			value = "worker-1"
		default:
			t.Errorf("%s comes from %+v", v.Name, from)
		}
		if _, twice := env[v.Name]; twice || value == "" {
			t.Errorf("%s=%q: empty, or there twice", v.Name, value)
		}
		env[v.Name] = value
	}
	mount := m.mount(t)
	name, below := strings.CutPrefix(env["UNDERSTUDY_REGISTRY_FILE"], mount.MountPath+"/")
	uri, ok := m.secret.StringData[name]
	if !below || !ok {
		t.Fatalf("the registry's address is in %q; the Secret's, below %s, are %v", env["UNDERSTUDY_REGISTRY_FILE"], mount.MountPath, m.secret.StringData)
	}
	env["UNDERSTUDY_REGISTRY_FILE"] = filepath.Join(dir, name)
	if err := os.WriteFile(env["UNDERSTUDY_REGISTRY_FILE"], []byte(uri), 0o600); err != nil {
		t.Fatal(err)
	}
	return env
}

// mount is where the Secret is.
func (m manifests) mount(t *testing.T) core.VolumeMount {
	t.Helper()
	for _, v := range m.pod().Volumes {
		if v.Secret == nil || v.Secret.SecretName != m.secret.Name {
			continue
		}
		if mode := *v.Secret.DefaultMode; mode != 0o440 || m.pod().SecurityContext.FSGroup == nil {
			t.Errorf("the Secret's files have mode %o: want 440, and fsGroup", mode)
		}
		for _, mount := range m.container(t).VolumeMounts {
			if mount.Name == v.Name && mount.ReadOnly {
				return mount
			}
		}
	}
	t.Fatalf("the Secret %s is not mounted, read-only", m.secret.Name)
	return core.VolumeMount{}
}

func (m manifests) settings(t *testing.T) config.Config {
	t.Helper()
	return part.Settings(t, m.environment(t))
}

func TestPods_EnvironmentIsValid(t *testing.T) {
	m := load(t)
	c := m.settings(t)
	if c.Host != "worker-1" {
		t.Errorf("host %s, want the pod's name", c.Host)
	}
	if c.Registry.Kind != config.MongoDB || !strings.Contains(c.Registry.URI.Reveal(), "?replicaSet=") {
		t.Errorf("registry %s, want MongoDB with a replica set", c.Registry.URI.Reveal())
	}
	if !strings.HasPrefix(c.Registry.URI.Reveal(), "mongodb://USER:PASSWORD@HOST1,") {
		t.Errorf("registry %s: want what nobody takes for an address", c.Registry.URI.Reveal())
	}
	if links := m.pod().EnableServiceLinks; links == nil || *links {
		t.Error("service links would put variables of other Services into the environment")
	}
}

func TestSelectors_FindThePods(t *testing.T) {
	m := load(t)
	pod := labels.Set(m.workers.Spec.Template.Labels)
	selectors := map[string]*meta.LabelSelector{
		"Deployment":          m.workers.Spec.Selector,
		"PodDisruptionBudget": m.budget.Spec.Selector,
		"Service":             {MatchLabels: m.service.Spec.Selector},
		"NetworkPolicy":       &m.network.Spec.PodSelector,
		"PodMonitor":          &monitor(t).Spec.Selector,
	}
	for _, term := range m.pod().Affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
		selectors["anti-affinity by "+term.PodAffinityTerm.TopologyKey] = term.PodAffinityTerm.LabelSelector
	}
	for _, spread := range m.pod().TopologySpreadConstraints {
		selectors["spread by "+spread.TopologyKey] = spread.LabelSelector
		if spread.WhenUnsatisfiable != core.ScheduleAnyway {
			t.Errorf("spread by %s: a pod that finds no place helps nobody", spread.TopologyKey)
		}
	}
	if selectors["anti-affinity by kubernetes.io/hostname"] == nil || selectors["spread by topology.kubernetes.io/zone"] == nil {
		t.Errorf("pods are not kept apart by node and zone: %v", selectors)
	}
	for name, selector := range selectors {
		s, err := meta.LabelSelectorAsSelector(selector)
		if err != nil || s.Empty() || !s.Matches(pod) {
			t.Errorf("%s: %v (error %v) does not select %v", name, s, err, pod)
		}
	}
	for _, o := range []meta.Object{m.secret, m.account, m.workers, m.budget, m.service, m.network, monitor(t)} {
		if wrong := validation.IsDNS1123Label(o.GetName()); len(wrong) > 0 || o.GetNamespace() != "" {
			t.Errorf("%T %q in namespace %q: %v", o, o.GetName(), o.GetNamespace(), wrong)
		}
		for key, value := range o.GetLabels() {
			if wrong := append(validation.IsQualifiedName(key), validation.IsValidLabelValue(value)...); len(wrong) > 0 {
				t.Errorf("%T: label %s=%s: %v", o, key, value, wrong)
			}
		}
	}
}

func TestPods_ComeAndGoInOrder(t *testing.T) {
	m := load(t)
	c := m.settings(t)
	if n := m.workers.Spec.Replicas; n == nil || *n != 3 {
		t.Errorf("replicas %v, want 3", n)
	}
	grace, least := m.pod().TerminationGracePeriodSeconds, c.Timing.StopGrace+part.Release+part.Hook
	if grace == nil || time.Duration(*grace)*time.Second <= least {
		t.Errorf("killed %v s after they were told to stop, want more than %v", grace, least)
	}
	if m.container(t).Lifecycle != nil || m.pod().ShareProcessNamespace != nil || m.pod().HostPID {
		t.Error("a hook takes its time from the grace, and in a shared namespace Understudy is not the init")
	}
	rolling := m.workers.Spec.Strategy.RollingUpdate
	if rolling == nil || rolling.MaxUnavailable.IntValue() != 0 || *rolling.MaxSurge != intstr.FromString("100%") {
		t.Errorf("strategy %+v, want the new ones beside the old ones", m.workers.Spec.Strategy)
	}
	if b := m.budget.Spec; b.MaxUnavailable == nil || b.MaxUnavailable.IntValue() != 1 || b.MinAvailable != nil {
		t.Errorf("budget %+v, want one at a time", b)
	}
	if p := m.budget.Spec.UnhealthyPodEvictionPolicy; p == nil || *p != policy.AlwaysAllow {
		t.Errorf("eviction of unhealthy pods %v: while the registry is away, no node could be drained", p)
	}
}

func TestPods_AreConfined(t *testing.T) {
	m := load(t)
	yes := func(b *bool) bool { return b != nil && *b }
	no := func(b *bool) bool { return b != nil && !*b }
	pod, c := m.pod().SecurityContext, m.container(t)
	if !yes(pod.RunAsNonRoot) || pod.RunAsUser == nil || *pod.RunAsUser != 65532 {
		t.Errorf("user %v, non-root %v: want the image's, 65532", pod.RunAsUser, pod.RunAsNonRoot)
	}
	if pod.SeccompProfile == nil || pod.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault {
		t.Errorf("seccomp %v", pod.SeccompProfile)
	}
	own := c.SecurityContext
	if !yes(own.ReadOnlyRootFilesystem) || !no(own.AllowPrivilegeEscalation) || own.Privileged != nil ||
		!slices.Equal(own.Capabilities.Drop, []core.Capability{"ALL"}) || len(own.Capabilities.Add) > 0 {
		t.Errorf("security context %+v", own)
	}
	if own.RunAsUser != nil || own.RunAsNonRoot != nil || own.SeccompProfile != nil {
		t.Errorf("the container's security context overrides the pod's: %+v", own)
	}
	if m.pod().ServiceAccountName != m.account.Name || !no(m.account.AutomountServiceAccountToken) || !no(m.pod().AutomountServiceAccountToken) {
		t.Error("the pods get a token of the cluster, which they do not need")
	}
	if m.pod().HostNetwork || m.pod().HostIPC {
		t.Error("the pods are in the host's namespaces")
	}
	if r := c.Resources; r.Requests.Cpu().IsZero() || r.Requests.Memory().IsZero() || r.Limits.Memory().Cmp(*r.Requests.Memory()) < 0 {
		t.Errorf("resources %+v", r)
	}
	if !c.Resources.Limits.Cpu().IsZero() {
		t.Errorf("a CPU limit of %v delays heartbeats", c.Resources.Limits.Cpu())
	}
	if image, tag, _ := strings.Cut(c.Image, ":"); image == "" || tag == "" || tag == "latest" {
		t.Errorf("image %s is another one each time", c.Image)
	}
}
