package config

// EnvPrefix begins the name of every variable of ours.
const EnvPrefix = "UNDERSTUDY_"

// The variables that an instance reads. [Variables] describes them.
const (
	EnvRegistry          = EnvPrefix + "REGISTRY"
	EnvRegistryFile      = EnvPrefix + "REGISTRY_FILE"
	EnvDatabase          = EnvPrefix + "DATABASE"
	EnvGroup             = EnvPrefix + "GROUP"    // the work and the hook get it, too
	EnvHost              = EnvPrefix + "HOST"     // the hook gets it, too
	EnvPriority          = EnvPrefix + "PRIORITY" // takes effect in registry.Registry.Candidate
	EnvInterval          = EnvPrefix + "HEARTBEAT_INTERVAL"
	EnvOrphanAfter       = EnvPrefix + "ORPHAN_AFTER"
	EnvStopGrace         = EnvPrefix + "STOP_GRACE"
	EnvConnectTimeout    = EnvPrefix + "CONNECT_TIMEOUT"
	EnvRestart           = EnvPrefix + "RESTART"
	EnvIsolation         = EnvPrefix + "ISOLATION"
	EnvOnChange          = EnvPrefix + "ON_CHANGE"
	EnvJobs              = EnvPrefix + "JOBS"
	EnvMaxRuns           = EnvPrefix + "MAX_RUNS"
	EnvHTTPAddr          = EnvPrefix + "HTTP_ADDR"
	EnvAPITokenFile      = EnvPrefix + "API_TOKEN_FILE"
	EnvWebhookSecretFile = EnvPrefix + "WEBHOOK_SECRET_FILE"
	EnvLogLevel          = EnvPrefix + "LOG_LEVEL"
	EnvLogFormat         = EnvPrefix + "LOG_FORMAT"
)

// The variables that this program sets for the processes that it starts, and does
// not read as its own configuration.
const (
	EnvInstance = EnvPrefix + "INSTANCE" // for the work and the hook: the UUID of the instance
	EnvTerm     = EnvPrefix + "TERM"     // for the work and the hook: the fencing token
	EnvRun      = EnvPrefix + "RUN"      // for the work: random, and a new one for each start of the command

	// For an attempt of a job, besides EnvGroup, EnvInstance, EnvTerm and EnvRun. Those that
	// end with FILE name files in a folder of its own.
	EnvJob            = EnvPrefix + "JOB"
	EnvRunID          = EnvPrefix + "RUN_ID"          // JOB/RUN
	EnvAttempt        = EnvPrefix + "ATTEMPT"         // from 1
	EnvSlot           = EnvPrefix + "SLOT"            // RFC 3339, in UTC; unset without a slot
	EnvTrigger        = EnvPrefix + "TRIGGER"         // what asked for the run
	EnvPayloadFile    = EnvPrefix + "PAYLOAD_FILE"    // unset without a payload
	EnvProgressFile   = EnvPrefix + "PROGRESS_FILE"   // to be written
	EnvResultFile     = EnvPrefix + "RESULT_FILE"     // to be written
	EnvCheckpointFile = EnvPrefix + "CHECKPOINT_FILE" // to be written; the next attempt finds the last one there

	EnvOldRole        = EnvPrefix + "OLD_ROLE"        // for the hook
	EnvNewRole        = EnvPrefix + "NEW_ROLE"        // for the hook
	EnvReason         = EnvPrefix + "REASON"          // for the hook: why the role changed
	EnvPreviousReason = EnvPrefix + "PREVIOUS_REASON" // for the hook: why the term before the one that began ended

	// EnvUnderInit is set, to anything, for a process that this program started as
	// the init of its container.
	EnvUnderInit = EnvPrefix + "UNDER_INIT"
)

// EnvTestPrefix begins the names that tests use. They are never reported as
// unknown.
const EnvTestPrefix = EnvPrefix + "TEST_"
