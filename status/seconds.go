package status

import (
	"fmt"
	"strconv"
	"time"
)

// Seconds is a duration that JSON shows as a number of seconds, precise to the
// millisecond, and text as people say it: 14ms, 0.4s, 12s, 3m05s, 2h10m, 5d03h.
type Seconds time.Duration

// String cuts off what matters little, and shows less than nothing as 0.0s.
func (s Seconds) String() string {
	d := max(time.Duration(s), 0)
	const day = 24 * time.Hour
	switch {
	case 0 < d && d < 100*time.Millisecond:
		return fmt.Sprintf("%dms", (d+time.Millisecond-1)/time.Millisecond)
	case d < 10*time.Second:
		return fmt.Sprintf("%d.%ds", d/time.Second, d%time.Second/(100*time.Millisecond))
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	case d < day:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd%02dh", d/day, d%day/time.Hour)
}

// MarshalJSON implements [json.Marshaler].
func (s Seconds) MarshalJSON() ([]byte, error) {
	ms := time.Duration(s).Round(time.Millisecond).Milliseconds()
	return strconv.AppendFloat(nil, float64(ms)/1000, 'f', -1, 64), nil
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *Seconds) UnmarshalJSON(text []byte) error {
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return fmt.Errorf("seconds: %w", err)
	}
	*s = Seconds(time.Duration(f*1000) * time.Millisecond)
	return nil
}
