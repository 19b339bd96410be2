package logging

import (
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// Info returns a function that logs texts at the level info.
func Info(log zerolog.Logger) func(text string) {
	return func(text string) { log.Info().Msg(text) }
}

// Slow says what is being waited for if that is not over within two seconds. Once over
// has returned, nothing is said any more.
func Slow(say func(text string), what string) (over func()) {
	said := make(chan struct{})
	t := time.AfterFunc(2*time.Second, func() {
		defer close(said)
		say(what)
	})
	return sync.OnceFunc(func() {
		if !t.Stop() {
			<-said
		}
	})
}
