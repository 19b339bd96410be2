// Package compose checks the compose file with Compose's own loader.
package compose

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/understudy-go/understudy/checks/part"
	"github.com/understudy-go/understudy/config"
)

func TestMain(m *testing.M) { os.Exit(part.Main(m)) }

func load(t *testing.T) *types.Project {
	t.Helper()
	root, err := part.Root()
	if err != nil {
		t.Fatal(err)
	}
	// An empty environment: the file needs no variable.
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "deploy", "compose.yaml")}, cli.WithResolvedPaths(true))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func service(t *testing.T, name string) types.ServiceConfig {
	t.Helper()
	s, err := load(t).GetService(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// settings are what a worker makes of its environment.
func settings(t *testing.T, worker types.ServiceConfig) config.Config {
	t.Helper()
	env := map[string]string{}
	for name, value := range worker.Environment {
		if value == nil {
			t.Fatalf("%s has no value", name)
		}
		env[name] = *value
	}
	return part.Settings(t, env)
}

func TestWorkers_MeetInAReplicaSetOfTheSameProject(t *testing.T) {
	worker, mongo := service(t, "worker"), service(t, "mongo")
	c := settings(t, worker)
	set := slices.Index(mongo.Command, "--replSet")
	if set < 0 || set+1 == len(mongo.Command) {
		t.Fatalf("mongo runs %q: want a replica set, as a single server is polled", mongo.Command)
	}
	host := mongo.Name + ":27017"
	if want := "mongodb://" + host + "/understudy?replicaSet=" + mongo.Command[set+1]; c.Registry.URI.Reveal() != want {
		t.Errorf("the registry is %s, want %s", c.Registry.URI.Reveal(), want)
	}
	if mongo.Hostname != mongo.Name {
		t.Errorf("mongo's host name is %q, want %q, by which its member finds itself", mongo.Hostname, mongo.Name)
	}
	if on := worker.DependsOn["mongo"]; on.Condition != types.ServiceConditionHealthy {
		t.Errorf("the workers wait for mongo to be %q, want healthy", on.Condition)
	}

	check := strings.Join(mongo.HealthCheck.Test, " ")
	for _, want := range []string{
		"mongosh", "NotYetInitialized", "isWritablePrimary",
		"rs.initiate({_id: '" + mongo.Command[set+1] + "', members: [{_id: 0, host: '" + host + "'}]})",
	} {
		if !strings.Contains(check, want) {
			t.Errorf("mongo's health check has no %s in it:\n%s", want, check)
		}
	}
	if len(mongo.Ports) > 0 {
		t.Errorf("mongo, which has no password, is published: %v", mongo.Ports)
	}
	if !slices.ContainsFunc(mongo.Volumes, func(v types.ServiceVolumeConfig) bool {
		return v.Type == types.VolumeTypeVolume && v.Source != "" && v.Target == "/data/db"
	}) {
		t.Error("mongo keeps nothing: a registry that is dropped gives out its terms again")
	}
}

func TestWorkers_AreThreeOrAnyOtherNumber(t *testing.T) {
	worker := service(t, "worker")
	if n := worker.GetScale(); n != 3 {
		t.Errorf("%d workers, want 3", n)
	}
	if worker.ContainerName != "" || worker.Hostname != "" {
		t.Errorf("container %q, host %q: names that several workers cannot share", worker.ContainerName, worker.Hostname)
	}
	port := ":8080"
	if c := settings(t, worker); c.HTTPAddr != port {
		t.Errorf("HTTP on %q, want %s, on all interfaces", c.HTTPAddr, port)
	}
	for _, p := range worker.Ports {
		from, to, several := strings.Cut(p.Published, "-")
		if p.HostIP != "127.0.0.1" || p.Target != 8080 || !several || from >= to {
			t.Errorf("published %s:%s to %d: want a range, which the workers share, of this machine alone", p.HostIP, p.Published, p.Target)
		}
	}
}

func TestWorker_HasTimeToStopAndIsItsOwnInit(t *testing.T) {
	worker := service(t, "worker")
	c := settings(t, worker)
	least := c.Timing.StopGrace + part.Release + part.Hook
	if worker.StopGracePeriod == nil || time.Duration(*worker.StopGracePeriod) <= least {
		t.Errorf("killed %v after it was told to stop, want more than %v", worker.StopGracePeriod, least)
	}
	if worker.Init != nil && *worker.Init {
		t.Error("another init would not kill what a dead guard has left")
	}
	if worker.Pid != "" || worker.StopSignal != "" || len(worker.Entrypoint) > 0 {
		t.Errorf("pid %q, stop signal %q, entry point %q: want the image's", worker.Pid, worker.StopSignal, worker.Entrypoint)
	}
	if worker.Restart != types.RestartPolicyUnlessStopped {
		t.Errorf("restart is %q, want %s", worker.Restart, types.RestartPolicyUnlessStopped)
	}
}

func TestWorker_IsConfined(t *testing.T) {
	worker := service(t, "worker")
	if !worker.ReadOnly || worker.Privileged || worker.User != "" || len(worker.CapAdd) > 0 {
		t.Errorf("read-only %v, privileged %v, user %q, capabilities %v: want read-only, and the image's user",
			worker.ReadOnly, worker.Privileged, worker.User, worker.CapAdd)
	}
	if !slices.Equal(worker.CapDrop, []string{"ALL"}) || !slices.Contains(worker.SecurityOpt, "no-new-privileges:true") {
		t.Errorf("capabilities dropped %v, security %v", worker.CapDrop, worker.SecurityOpt)
	}
}

func TestImages_AreBuiltHereOrPinned(t *testing.T) {
	project := load(t)
	for _, s := range project.Services {
		switch _, tag, _ := strings.Cut(s.Image, ":"); {
		case s.Build != nil:
			if _, err := os.Stat(filepath.Join(s.Build.Context, "Dockerfile")); err != nil {
				t.Errorf("%s: %v", s.Name, err)
			}
		case tag == "" || tag == "latest":
			t.Errorf("%s: image %s is another one each time", s.Name, s.Image)
		}
		if s.HealthCheck == nil || len(s.HealthCheck.Test) < 2 || s.HealthCheck.Test[0] != "CMD" || s.HealthCheck.Disable {
			t.Errorf("%s: health check %v, want a command without a shell, which the image lacks", s.Name, s.HealthCheck)
		}
	}
}
