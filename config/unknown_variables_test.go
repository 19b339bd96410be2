package config

import (
	"strings"
	"testing"
)

func TestUnknown_MistakesAndWarnings(t *testing.T) {
	const silent, warned = "silent", "warned"
	tests := []struct{ entry, want string }{ // want: one of these two, or what was meant
		{"UNDERSTUDY_GROUP=x", silent},
		{"UNDERSTUDY_GRUOP=x", "UNDERSTUDY_GROUP"},
		{"UNDERSTUDY_GRUP=x", "UNDERSTUDY_GROUP"},
		{"UNDERSTUDY_GROUPSS=x", "UNDERSTUDY_GROUP"},
		{"UNDERSTUDY_group=x", "UNDERSTUDY_GROUP"},
		{"UNDERSTUDY_GROUPSSS=x", warned},
		{"UNDERSTUDY_GRXYZ=x", warned},
		{"UNDERSTUDY_REGISTY=mongodb://u:pw@h", "UNDERSTUDY_REGISTRY"},
		{"UNDERSTUDY_REGISTRYFILE=x", "UNDERSTUDY_REGISTRY_FILE"},
		{"UNDERSTUDY_HEARTBEAT_INTREVLA=x", "UNDERSTUDY_HEARTBEAT_INTERVAL"},
		{"UNDERSTUDY_STOPGRACE=x", "UNDERSTUDY_STOP_GRACE"},
		{"UNDERSTUDY_LOGLEVEL=x", "UNDERSTUDY_LOG_LEVEL"},
		{"UNDERSTUDY_HOSTS=x", "UNDERSTUDY_HOST"},
		{"UNDERSTUDY_PORT=8080", "UNDERSTUDY_HOST"},
		{"UNDERSTUDY_GRUOP=", silent},
		{"UNDERSTUDY_COLOUR=pw", warned},
		{"UNDERSTUDY_COLOUR=", silent},
		{"UNDERSTUDY_=x", warned},
		{"UNDERSTUDY=x", silent},
		{"OTHER_GRUOP=x", silent},
		{"UNDERSTUDY_INSTANCE=x", silent},
		{"UNDERSTUDY_TERM=7", silent},
		{"UNDERSTUDY_RUN=x", silent},
		{"UNDERSTUDY_UNDER_INIT=1", silent},
		{"UNDERSTUDY_RUN_ID=report/1", silent},
		{"UNDERSTUDY_PAYLOAD_FILE=/x", silent},
		{"UNDERSTUDY_JOB=jobs.yaml", "UNDERSTUDY_JOBS"},
		{"UNDERSTUDY_TEST_MONGODB=mongodb://h", silent},
		{"UNDERSTUDY_TEST_X=1", silent},

		{"UNDERSTUDY_SERVICE_HOST=10.0.0.1", silent},
		{"UNDERSTUDY_SERVICE_PORT=8080", silent},
		{"UNDERSTUDY_SERVICE_PORT_HTTP=8080", silent},
		{"UNDERSTUDY_SERVICE_PORT_HTTP=x", warned},
		{"UNDERSTUDY_PORT=tcp://10.0.0.1:8080", silent},
		{"UNDERSTUDY_PORT_27017_TCP=tcp://10.0.0.1:27017", silent},
		{"UNDERSTUDY_PORT_27017_TCP_ADDR=10.0.0.1", silent},
		{"UNDERSTUDY_PORT_27017_TCP_PORT=27017", silent},
		{"UNDERSTUDY_PORT_27017_TCP_PROTO=tcp", silent},
		{"UNDERSTUDY_PORT_53_UDP_PROTO=udp", silent},
		{"UNDERSTUDY_PORT_53_SCTP=sctp://10.0.0.1:53", silent},
		{"UNDERSTUDY_PORT_X_TCP=1", warned},
		{"UNDERSTUDY_MONGO_DB_SERVICE_HOST=10.0.0.1", silent},
		{"UNDERSTUDY_MONGO_DB_SERVICE_PORT=27017", silent},
		{"UNDERSTUDY_MONGO_DB_SERVICE_PORT_MONGO=27017", silent},
		{"UNDERSTUDY_MONGO_DB_PORT=tcp://10.0.0.1:27017", silent},
		{"UNDERSTUDY_MONGO_DB_PORT_27017_TCP_ADDR=10.0.0.1", silent},
		{"UNDERSTUDY_REGISTRY_PORT=tcp://10.0.0.1:27017", silent},
	}
	for _, tt := range tests {
		var m mistakes
		warnings := unknown(&m, []string{"PATH=/bin", tt.entry})
		got := silent
		switch {
		case len(m) == 1 && len(warnings) == 0:
			_, meant, _ := strings.Cut(m[0], "did you mean ")
			got = strings.TrimSuffix(meant, "?")
		case len(warnings) == 1 && len(m) == 0:
			got = warned
		case len(m)+len(warnings) > 0:
			t.Errorf("%s: mistakes %q, warnings %q", tt.entry, m, warnings)
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.entry, got, tt.want)
		}
		if strings.Contains(strings.Join(append(m, warnings...), ""), "pw") {
			t.Errorf("%s: its value is shown: %q %q", tt.entry, m, warnings)
		}
	}
}

// An instance that runs in a job of another one finds the name of that.
func TestUnknown_JobOfAnotherInstanceIsNoMistake(t *testing.T) {
	var m mistakes
	if warnings := unknown(&m, []string{"UNDERSTUDY_JOB=report", "UNDERSTUDY_RUN_ID=report/1"}); len(m) > 0 || len(warnings) > 0 {
		t.Errorf("mistakes %v, warnings %v", m, warnings)
	}
}

func TestUnknown_QuotesUnusualNames(t *testing.T) {
	var m mistakes
	warnings := unknown(&m, []string{"UNDERSTUDY_\x1b[31m\n=1", "UNDERSTUDY_" + strings.Repeat("X", 5000) + "=1"})
	for _, w := range warnings {
		if strings.ContainsAny(w, "\x1b\n") || len(w) > 200 {
			t.Errorf("got %q", w)
		}
	}
	if len(warnings) != 2 || len(m) != 0 {
		t.Errorf("warnings %q, mistakes %q", warnings, m)
	}
}
