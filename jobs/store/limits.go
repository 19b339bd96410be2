package store

// What a record may hold at most. A backend refuses to write more ([ErrTooLarge]), and
// reads no more than that of a record that somebody else wrote.
const (
	MaxJob      = 100                   // bytes of a job's name
	MaxRunID    = 512                   // bytes of a run's ID
	MaxKey      = 200                   // bytes of a trigger's key
	MaxPayload  = 1 << 20               // bytes
	MaxBlob     = 256 << 10             // bytes of a checkpoint
	MaxResult   = 64 << 10              // bytes
	MaxHead     = 16 << 10              // bytes of the beginning of an output
	MaxTail     = 64 << 10              // bytes of the end of an output
	MaxChunk    = 64 << 10              // bytes of a chunk of a live output
	MaxChunks   = 32                    // chunks of an attempt that are kept: the last ones
	MaxAttempts = 20                    // attempts that a record remembers: the last ones
	MaxRevision = 1 << 53               // of a job: a holder counts it up
	MaxRemark   = 256                   // bytes of a text for people
	MaxPage     = 1000                  // records that a call returns, or writes
	MaxJobs     = 10_000                // jobs of a group
	MaxParent   = MaxJob + 1 + MaxRunID // bytes of the name of a parent
	MaxPriority = 1_000_000             // of a run, and its negative is the lowest: whoever makes a run checks it
	MaxWaiting  = 10_000                // waiting runs of a group: whoever triggers a run passes it as the depth
)
