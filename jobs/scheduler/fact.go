package scheduler

// fact is something that people should know.
type fact string

const (
	factClockStepped fact = "the registry's clock was set"
	factCallFailed   fact = "the store does not answer as it should"
	factRedefined    fact = "the job was changed"
	factMarkAhead    fact = "the job's mark lies ahead of the registry's clock"
	factInterrupted  fact = "the instance of a run went away"
	factEnded        fact = "a run's attempt has ended"
	factEndLost      fact = "the end of an attempt could not be recorded"
	factSuperseded   fact = "a later term has begun"
)
