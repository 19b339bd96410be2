package schedule

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func FuzzParse(f *testing.F) {
	zones := []*time.Location{time.UTC, mustLoad(f, "Europe/Berlin"), mustLoad(f, "Australia/Lord_Howe"), mustLoad(f, "Pacific/Apia"), mustLoad(f, "Africa/Monrovia")}
	for _, text := range []string{"* * * * *", "*/15 0-23/2 1,15 jan-jun fri-sun", "0 9 29 2 *", "0 0 30 2 *", "H H(0-7) H * H/2", "@daily", "@every 1h30m",
		"0 17-9 * * *", "TZ=UTC 0 0 * * *", "0 0 L * ?", "@reboot", "*/0 * * * *", ",", "\t0 0 * * 7 "} {
		f.Add(text, "group/job", int64(1829912400), uint8(1))
		f.Add(text, "", int64(1861833600), uint8(2)) // 2028-12-31
	}
	f.Fuzz(func(t *testing.T, text, seed string, after int64, zone uint8) {
		s, err := Parse(text, seed)
		if err != nil {
			checkError(t, text, err)
			return
		}
		if s.String() != text {
			t.Fatalf("%q became %q", text, s)
		}
		if again, err := Parse(s.String(), seed); err != nil || again != s {
			t.Fatalf("%q parsed again: %v, %v", text, again, err)
		}
		at := time.Unix(after, 0)
		for range 3 {
			next := s.Next(at, zones[int(zone)%len(zones)])
			if next.IsZero() {
				return
			}
			if !next.After(at) {
				t.Fatalf("%q after %d: %s", text, at.Unix(), next)
			}
			at = next
		}
	})
}

func checkError(t *testing.T, text string, err error) {
	var fault *Error
	if !errors.As(err, &fault) {
		t.Fatalf("%q: %T is not an *Error", text, err)
	}
	if fault.Offset < 0 || fault.Offset > len(text) || fault.Text != text || fault.Reason == "" || strings.HasSuffix(fault.Reason, ".") {
		t.Fatalf("%q: %+v", text, fault)
	}
}
