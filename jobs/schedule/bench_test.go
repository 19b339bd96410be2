package schedule

import (
	"testing"
	"time"
)

// BenchmarkNext has both kinds of zone data, because time.Location is slower with the
// embedded one: that gives the rule of a zone instead of its changes up to 2037.
func BenchmarkNext(b *testing.B) {
	for _, source := range zoneSources {
		b.Run(source.name, func(b *testing.B) {
			berlin := source.open(b).load(b, "Europe/Berlin")
			for _, text := range []string{"* * * * *", "*/15 * * * *", "30 2 * * *", "0 9 1,15 * mon", "0 9 29 2 *", "0 0 30 2 *", "@every 10m"} {
				b.Run(text, func(b *testing.B) {
					s := mustParse(b, text)
					after := time.Date(2027, 6, 1, 10, 7, 0, 0, time.UTC)
					for b.Loop() {
						s.Next(after, berlin)
					}
				})
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for _, text := range []string{"* * * * *", "*/15 9-17 1,15 jan-jun mon-fri", "H H(0-7) * * *", "@daily", "@every 10m"} {
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				mustParse(b, text)
			}
		})
	}
}
