// Package kubernetes checks the manifests with Kubernetes' own types.
package kubernetes

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/understudy-go/understudy/checks/part"
)

func TestMain(m *testing.M) { os.Exit(part.Main(m)) }

// manifests are what the file holds, one of each kind.
type manifests struct {
	secret  *core.Secret
	account *core.ServiceAccount
	workers *apps.Deployment
	budget  *policy.PodDisruptionBudget
	service *core.Service
}

// load decodes the file as an API server would that refuses unknown and
// repeated fields.
func load(t *testing.T) (m manifests) {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := errors.Join(core.AddToScheme(scheme), apps.AddToScheme(scheme), policy.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(part.File(t, "deploy/kubernetes.yaml"))))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		object, kind, err := decoder.Decode(document, nil, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, document)
		}
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
		default:
			t.Fatalf("a %v, which no test looks at", kind)
		}
	}
	if m.secret == nil || m.account == nil || m.workers == nil || m.budget == nil || m.service == nil {
		t.Fatalf("one is missing: %+v", m)
	}
	return m
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
