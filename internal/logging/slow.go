package logging

import (
	"time"

	"github.com/rs/zerolog"
)

// Info returns a function that logs texts at the level info.
func Info(log zerolog.Logger) func(text string) {
	return func(text string) { log.Info().Msg(text) }
}

// Slow says what is being waited for if that is not over within two seconds.
func Slow(say func(text string), what string) (over func()) {
	t := time.AfterFunc(2*time.Second, func() { say(what) })
	return func() { t.Stop() }
}
