package guard

import (
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/boottime"
)

func TestServer_IgnoresALeaseThatIsPastOrEarlier(t *testing.T) {
	now := boottime.Now()
	for _, tt := range []struct {
		name                 string
		before, extend, want time.Duration
	}{
		{"later", now + time.Hour, now + 2*time.Hour, now + 2*time.Hour},
		{"earlier", now + 2*time.Hour, now + time.Hour, now + 2*time.Hour},
		{"later, but past", now - 2*time.Second, now - time.Second, now - 2*time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := server{execution: execution{lease: tt.before}}
			s.extend(tt.extend)
			if s.lease != tt.want {
				t.Errorf("lease ends at %v, want %v", s.lease, tt.want)
			}
		})
	}
}
