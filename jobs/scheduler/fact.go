package scheduler

import "github.com/rs/zerolog"

// fact is something that people should know. Its text is the message of the log.
type fact string

const (
	factClockStepped fact = "the registry's clock was set: schedules follow it"
	factCallFailed   fact = "the store of jobs does not do what it should"
	factAnswersAgain fact = "the store of jobs answers again"
	factRedefined    fact = "the job's schedule was changed: slots until now do not count as missed"
	factMarkAhead    fact = "the job's slots are recorded as decided up to a time ahead of the registry's clock, which was probably set back: its schedule goes on from now"
	factInterrupted  fact = "the instance of this run went away"
	factEndLost      fact = "the end of this run's attempt could not be recorded: somebody else has changed the record"
	factUntold       fact = "the URL of on_finish has not taken the end of this run"
	factGivenUp      fact = "the URL of on_finish has not taken the end of this run: it is not sent any more"
	factUnwilled     fact = "a last will would not know how this run ended"
	factSuperseded   fact = "a later term has begun: nothing is recorded any more"
)

var levels = map[fact]zerolog.Level{
	factClockStepped: zerolog.WarnLevel,
	factCallFailed:   zerolog.WarnLevel,
	factAnswersAgain: zerolog.InfoLevel,
	factRedefined:    zerolog.InfoLevel,
	factMarkAhead:    zerolog.ErrorLevel,
	factInterrupted:  zerolog.WarnLevel,
	factEndLost:      zerolog.WarnLevel,
	factUntold:       zerolog.WarnLevel,
	factGivenUp:      zerolog.ErrorLevel,
	factUnwilled:     zerolog.WarnLevel,
	factSuperseded:   zerolog.ErrorLevel,
}
