package status

import (
	"encoding/json"
	"math"
	"testing"
	"time"
)

func TestSecondsForPeople(t *testing.T) {
	const s, m, h = time.Second, time.Minute, time.Hour
	for d, want := range map[time.Duration]string{
		0: "0.0s", -s: "0.0s", math.MinInt64: "0.0s", 1: "1ms", 14 * time.Millisecond: "14ms", 99 * time.Millisecond: "99ms", 100 * time.Millisecond: "0.1s", 449 * time.Millisecond: "0.4s", 9999 * time.Millisecond: "9.9s",
		10 * s: "10s", 12900 * time.Millisecond: "12s", 59999 * time.Millisecond: "59s",
		m: "1m00s", 3*m + 5*s: "3m05s", h - 1: "59m59s",
		h: "1h00m", 2*h + 10*m + 59*s: "2h10m", 24*h - 1: "23h59m",
		24 * h: "1d00h", 5*24*h + 3*h: "5d03h", math.MaxInt64: "106751d23h",
	} {
		if got := Seconds(d).String(); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

func TestSecondsAsJSON(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0", time.Second: "1", 1234567 * time.Microsecond: "1.235", -100 * time.Millisecond: "-0.1",
		time.Hour: "3600", math.MaxInt64: "9223372036.854",
	} {
		text, err := json.Marshal(Seconds(d))
		if err != nil || string(text) != want {
			t.Errorf("%v: %s, %v, want %s", d, text, err, want)
		}
		var back Seconds
		if err := json.Unmarshal(text, &back); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := time.Duration(back) - d; d < 1<<62 && diff.Abs() > time.Millisecond {
			t.Errorf("%v came back as %v", d, time.Duration(back))
		}
	}
	if err := json.Unmarshal([]byte(`"1s"`), new(Seconds)); err == nil {
		t.Error("text was taken for a number")
	}
}
