// Package kubernetes checks the manifests with the types of Kubernetes and of the
// Prometheus operator.
package kubernetes

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/understudy-go/understudy/checks/part"
)

func TestMain(m *testing.M) { os.Exit(part.Main(m)) }

// manifests are what kubernetes.yaml holds, one of each kind.
type manifests struct {
	secret  *core.Secret
	account *core.ServiceAccount
	workers *apps.Deployment
	budget  *policy.PodDisruptionBudget
	service *core.Service
	network *networking.NetworkPolicy
}

// decode decodes a file as an API server would that refuses unknown and repeated
// fields, and that knows the kinds of a cluster and those that are added.
func decode(t *testing.T, file string, more ...func(*runtime.Scheme) error) (objects []runtime.Object) {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range append(more, core.AddToScheme, apps.AddToScheme, policy.AddToScheme, networking.AddToScheme) {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(part.File(t, file))))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		object, _, err := decoder.Decode(document, nil, nil)
		if err != nil {
			t.Fatalf("%s: %v\n%s", file, err, document)
		}
		objects = append(objects, object)
	}
}

// load decodes kubernetes.yaml, which must apply to every cluster: it has no kind
// that an operator would have to add.
func load(t *testing.T) (m manifests) {
	t.Helper()
	for _, object := range decode(t, "deploy/kubernetes.yaml") {
		switch o := object.(type) {
		case *core.Secret:
			m.secret = once(t, m.secret, o)
		case *core.ServiceAccount:
			m.account = once(t, m.account, o)
		case *apps.Deployment:
			m.workers = once(t, m.workers, o)
		case *policy.PodDisruptionBudget:
			m.budget = once(t, m.budget, o)
		case *core.Service:
			m.service = once(t, m.service, o)
		case *networking.NetworkPolicy:
			m.network = once(t, m.network, o)
		default:
			t.Fatalf("a %T, which no test looks at", o)
		}
	}
	if m.secret == nil || m.account == nil || m.workers == nil || m.budget == nil || m.service == nil || m.network == nil {
		t.Fatalf("one is missing: %+v", m)
	}
	return m
}

// monitor decodes podmonitor.yaml.
func monitor(t *testing.T) *monitoring.PodMonitor {
	t.Helper()
	objects := decode(t, "deploy/podmonitor.yaml", monitoring.AddToScheme)
	if len(objects) == 1 {
		if m, ok := objects[0].(*monitoring.PodMonitor); ok {
			return m
		}
	}
	t.Fatalf("%+v, want one PodMonitor alone", objects)
	return nil
}

func once[T any](t *testing.T, before, now *T) *T {
	t.Helper()
	if before != nil {
		t.Fatalf("two of a kind: %T", now)
	}
	return now
}

func (m manifests) pod() core.PodSpec { return m.workers.Spec.Template.Spec }

func (m manifests) container(t *testing.T) core.Container {
	t.Helper()
	if list := m.pod().Containers; len(list) != 1 || len(m.pod().InitContainers) != 0 {
		t.Fatalf("%d containers and %d before them, want one alone", len(list), len(m.pod().InitContainers))
	}
	return m.pod().Containers[0]
}
