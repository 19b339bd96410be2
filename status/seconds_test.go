package status

import (
	"encoding/json"
	"math"
	"testing"
	"time"
)

func TestSeconds_String(t *testing.T) {
	const us, ms, s, m, h = time.Microsecond, time.Millisecond, time.Second, time.Minute, time.Hour
	for d, want := range map[time.Duration]string{
		0: "0.0s", -s: "0.0s", math.MinInt64: "0.0s", 1: "<1ms", 499 * us: "<1ms", 500 * us: "1ms", 1499 * us: "1ms", 1500 * us: "2ms",
		14 * ms: "14ms", 99499 * us: "99ms", 99500 * us: "0.1s", 449 * ms: "0.4s", 450 * ms: "0.5s", 9949 * ms: "9.9s", 9950 * ms: "10s",
		10 * s: "10s", 12499 * ms: "12s", 12500 * ms: "13s", 59499 * ms: "59s", 59500 * ms: "1m00s",
		m: "1m00s", 3*m + 5*s: "3m05s", h - s: "59m59s", h - 1: "1h00m",
		h: "1h00m", 2*h + 10*m + 29*s: "2h10m", 2*h + 10*m + 30*s: "2h11m", 24*h - m: "23h59m", 24*h - 1: "1d00h",
		24 * h: "1d00h", 5*24*h + 3*h: "5d03h", math.MaxInt64: "106751d23h",
	} {
		if got := Seconds(d).String(); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

func TestSeconds_JSON(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0", time.Second: "1", 1234567 * time.Microsecond: "1.234567", 1499: "0.000001", 1500: "0.000002", -100 * time.Millisecond: "-0.1",
		1400 * time.Microsecond: "0.0014", time.Hour: "3600", math.MaxInt64: "9223372036.854776",
	} {
		text, err := json.Marshal(Seconds(d))
		if err != nil || string(text) != want {
			t.Errorf("%v: %s, %v, want %s", d, text, err, want)
		}
		var back Seconds
		if err := json.Unmarshal(text, &back); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := time.Duration(back) - d; d < 1<<62 && diff.Abs() > time.Microsecond {
			t.Errorf("%v came back as %v", d, time.Duration(back))
		}
	}
	if err := json.Unmarshal([]byte(`"1s"`), new(Seconds)); err == nil {
		t.Error("a string counts as a number")
	}
}
