package status

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Seconds is a duration. In JSON it is a number of seconds, precise to the microsecond;
// as text it is short: 14ms, 0.4s, 12s, 3m05s, 2h10m, 5d03h.
type Seconds time.Duration

// String rounds to one or two units, and shows a negative duration as 0.0s.
func (s Seconds) String() string {
	const ms, day = time.Millisecond, 24 * time.Hour
	d := max(time.Duration(s), 0)
	to := func(unit time.Duration) time.Duration { return d.Round(unit) }
	switch {
	case 0 < d && d < ms/2:
		return "<1ms"
	case 0 < d && to(ms) < 100*ms:
		return fmt.Sprintf("%dms", to(ms)/ms)
	case to(100*ms) < 10*time.Second:
		return fmt.Sprintf("%.1fs", to(100*ms).Seconds())
	case to(time.Second) < time.Minute:
		return fmt.Sprintf("%ds", to(time.Second)/time.Second)
	case to(time.Second) < time.Hour:
		return fmt.Sprintf("%dm%02ds", to(time.Second)/time.Minute, to(time.Second)%time.Minute/time.Second)
	case to(time.Minute) < day:
		return fmt.Sprintf("%dh%02dm", to(time.Minute)/time.Hour, to(time.Minute)%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd%02dh", to(time.Hour)/day, to(time.Hour)%day/time.Hour)
}

// MarshalJSON implements [json.Marshaler].
func (s Seconds) MarshalJSON() ([]byte, error) {
	us := time.Duration(s).Round(time.Microsecond).Microseconds()
	return strconv.AppendFloat(nil, float64(us)/1e6, 'f', -1, 64), nil
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *Seconds) UnmarshalJSON(text []byte) error {
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return fmt.Errorf("seconds: %w", err)
	}
	*s = Seconds(time.Duration(math.Round(f*1e6)) * time.Microsecond)
	return nil
}
