package config

// Variable describes one variable of the environment.
type Variable struct {
	Name string
	// Default is the value that an unset variable stands for. It is empty if there is
	// none, or none that is the same everywhere.
	Default string
	// Otherwise says in words what an unset variable without a Default means.
	Otherwise string
	Help      string
	// Secret marks a variable that must stay out of the environment of a command.
	Secret bool

	// vital marks a variable that must not be empty, since its default would join or
	// start something else.
	vital bool
	// field returns where settings has its text.
	field func(*settings) *string
	// shown returns its value, as Config.String shows it. It is nil for the one variable
	// that Config.String leaves out.
	shown func(Config) any
}

// Variables are all variables that [Load] reads, in the order in which the help, the
// documents and [Config.String] list them. doc.go says where else a new one has its place.
var Variables = []Variable{
	{
		Name: EnvRegistry, Otherwise: "a SQLite file in the user's state directory", Secret: true, vital: true,
		Help:  "where instances and terms are recorded: mongodb://…, mongodb+srv://… or sqlite:PATH",
		field: func(s *settings) *string { return &s.Registry },
		shown: func(c Config) any { return c.Registry },
	},
	{
		Name: EnvRegistryFile, Secret: true, vital: true,
		Help:  "a file that holds the value of " + EnvRegistry + ", for a container's secrets",
		field: func(s *settings) *string { return &s.RegistryFile },
	},
	{
		Name: EnvDatabase, Otherwise: "the URI's path, else understudy", vital: true,
		Help:  "the database, on MongoDB",
		field: func(s *settings) *string { return &s.Database },
		shown: func(c Config) any { return c.Database },
	},
	{
		Name: EnvGroup, Default: "default", vital: true,
		Help:  "the name that identical processes share; one of them is active",
		field: func(s *settings) *string { return &s.Group },
		shown: func(c Config) any { return c.Group },
	},
	{
		Name: EnvHost, Otherwise: "the host's name",
		Help:  "the name of this machine for people",
		field: func(s *settings) *string { return &s.Host },
		shown: func(c Config) any { return c.Host },
	},
	{
		Name: EnvPriority, Default: "0",
		Help:  "the candidate with the highest priority takes over first, among equals the oldest",
		field: func(s *settings) *string { return &s.Priority },
		shown: func(c Config) any { return c.Priority },
	},
	{
		Name: EnvInterval, Default: "1s",
		Help:  "the time between two heartbeats",
		field: func(s *settings) *string { return &s.HeartbeatInterval },
		shown: func(c Config) any { return c.Timing.Interval },
	},
	{
		Name: EnvOrphanAfter, Default: "60s",
		Help:  "an instance that is silent for this long is deleted and replaced",
		field: func(s *settings) *string { return &s.OrphanAfter },
		shown: func(c Config) any { return c.Timing.OrphanAfter },
	},
	{
		Name: EnvStopGrace, Default: "10s",
		Help:  "how long the work may take to stop by itself before it is killed",
		field: func(s *settings) *string { return &s.StopGrace },
		shown: func(c Config) any { return c.Timing.StopGrace },
	},
	{
		Name: EnvConnectTimeout, Default: "30s",
		Help:  "how long to try to reach the registry at start",
		field: func(s *settings) *string { return &s.ConnectTimeout },
		shown: func(c Config) any { return c.ConnectTimeout },
	},
	{
		Name: EnvRestart, Default: "always",
		Help:  "when to start the command again after it has exited: always, on-failure or never; an instance that starts later runs it once more",
		field: func(s *settings) *string { return &s.Restart },
		shown: func(c Config) any { return c.Restart },
	},
	{
		Name: EnvIsolation, Default: "auto",
		Help:  "what keeps the processes of the command and of runs together, on Linux: auto, none, cgroup, or pid for a PID namespace of their own",
		field: func(s *settings) *string { return &s.Isolation },
		shown: func(c Config) any { return c.Isolation },
	},
	{
		Name: EnvOnChange, Otherwise: "none",
		Help:  "a program and its arguments, run without a shell at each change of this instance's role",
		field: func(s *settings) *string { return &s.OnChange },
		shown: func(c Config) any { return hideURIs(c.OnChange) },
	},
	{
		Name: EnvJobs, Otherwise: "none", vital: true,
		Help:  "a jobs file: the active instance runs its jobs",
		field: func(s *settings) *string { return &s.Jobs },
		shown: func(c Config) any { return c.Jobs },
	},
	{
		Name: EnvMaxRuns, Default: "16",
		Help:  "how many runs of jobs may be processed at a time",
		field: func(s *settings) *string { return &s.MaxRuns },
		shown: func(c Config) any { return c.MaxRuns },
	},
	{
		Name: EnvHTTPAddr, Otherwise: "off",
		Help:  "HOST:PORT on which to serve probes, metrics and the page, all read-only, and the API of jobs; :PORT is on all interfaces",
		field: func(s *settings) *string { return &s.HTTPAddr },
		shown: func(c Config) any { return c.HTTPAddr },
	},
	{
		Name: EnvAPITokenFile, Otherwise: "the API is off", Secret: true,
		Help:  "a file that holds the token with which jobs can be seen and triggered over HTTP, at the address of " + EnvHTTPAddr,
		field: func(s *settings) *string { return &s.APITokenFile },
		shown: func(c Config) any { return c.APITokenFile },
	},
	{
		Name: EnvWebhookSecretFile, Otherwise: "nothing is signed", Secret: true,
		Help:  "a file that holds the secret with which the requests of on_finish are signed",
		field: func(s *settings) *string { return &s.WebhookSecretFile },
		shown: func(c Config) any { return c.WebhookSecretFile },
	},
	{
		Name: EnvLogLevel, Default: "info",
		Help:  "debug, info, warn or error",
		field: func(s *settings) *string { return &s.LogLevel },
		shown: func(c Config) any { return c.LogLevel },
	},
	{
		Name: EnvLogFormat, Default: "auto",
		Help:  "console, json, or auto: console on a terminal, else json",
		field: func(s *settings) *string { return &s.LogFormat },
		shown: func(c Config) any { return c.LogFormat },
	},
}

// exports are the variables that this program sets for other processes and does not
// read here. An instance may itself be the work of another one, so they are not unknown.
var exports = []string{
	EnvInstance, EnvTerm, EnvRun,
	EnvJob, EnvRunID, EnvAttempt, EnvSlot, EnvTrigger,
	EnvPayloadFile, EnvProgressFile, EnvResultFile, EnvCheckpointFile,
	EnvOldRole, EnvNewRole, EnvReason, EnvPreviousReason, EnvUnderInit,
}
