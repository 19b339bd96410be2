package openregistry

import (
	"context"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/testkit"
)

func TestOpenAgain_OpensTheSameRegistryOnly(t *testing.T) {
	load := func(uri string, env ...string) config.Config {
		t.Helper()
		testkit.CleanEnv(t, append(env, "UNDERSTUDY_REGISTRY="+uri)...)
		conf, _, err := config.Load()
		if err != nil {
			t.Fatal(err)
		}
		return conf
	}
	const before = "mongodb://old:0ld@a,b:27018/ops?replicaSet=rs0"
	for uri, same := range map[string]bool{
		"mongodb://new:n%40w@a,b:27018/ops?replicaSet=rs0":            true,
		"mongodb://new:n3w@A,b:27018/ops?authSource=admin&w=1":        true,
		"mongodb://a,b:27018/ops?authMechanism=MONGODB-X509&tls=true": true,
		"mongodb://old:0ld@a/ops?replicaSet=rs0":                      false,
		"mongodb://old:0ld@a,c:27018/ops?replicaSet=rs0":              false,
		"mongodb://old:0ld@a,b:27018/other?replicaSet=rs0":            false,
		"mongodb+srv://old:0ld@a/ops":                                 false,
		"sqlite:" + t.TempDir() + "/registry.db":                      false,
	} {
		conf := load(before)
		load(uri)
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // nobody is there
		b, err := openAgain(ctx, conf, zerolog.Nop())
		if err == nil {
			Close(b)
		}
		if refused := err != nil && strings.Contains(err.Error(), "names another registry"); refused == same {
			t.Errorf("%s after %s: %v", uri, before, err)
		}
	}
}
