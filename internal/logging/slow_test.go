package logging

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestSlow_SaysNothingOnceItIsOver(t *testing.T) {
	for _, tt := range []struct {
		lasts time.Duration
		want  int
	}{
		{2*time.Second - 1, 0},
		{2 * time.Second, 1}, // while it is being said
		{time.Minute, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			said := 0
			over := Slow(func(string) {
				time.Sleep(time.Second)
				said++
			}, "connecting")
			time.Sleep(tt.lasts)
			synctest.Wait()
			over()
			if said != tt.want {
				t.Errorf("after %v: said %d times, want %d", tt.lasts, said, tt.want)
			}
			over()
			time.Sleep(time.Minute)
			if said != tt.want {
				t.Errorf("after %v: said %d times after it was over", tt.lasts, said-tt.want)
			}
		})
	}
}
