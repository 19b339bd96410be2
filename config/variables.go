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
	field func(*settings) *string
}

// Variables are all variables that [Load] reads, in the order in which the help and the
// documents list them. parse says what a value has to be, and [Config] where it goes.
var Variables = []Variable{
	{
		Name: EnvRegistry, Otherwise: "a SQLite file in the user's state directory", Secret: true, vital: true,
		Help:  "where instances and terms are recorded: mongodb://…, mongodb+srv://… or sqlite:PATH",
		field: func(s *settings) *string { return &s.Registry },
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
	},
	{
		Name: EnvGroup, Default: "default", vital: true,
		Help:  "the name that identical processes share; one of them is active",
		field: func(s *settings) *string { return &s.Group },
	},
	{
		Name: EnvHost, Otherwise: "the host's name",
		Help:  "the name of this machine for people",
		field: func(s *settings) *string { return &s.Host },
	},
	{
		Name: EnvPriority, Default: "0",
		Help:  "the candidate with the highest priority takes over first, among equals the oldest",
		field: func(s *settings) *string { return &s.Priority },
	},
	{
		Name: EnvInterval, Default: "1s",
		Help:  "the time between two heartbeats",
		field: func(s *settings) *string { return &s.HeartbeatInterval },
	},
	{
		Name: EnvOrphanAfter, Default: "60s",
		Help:  "an instance that is silent for this long is deleted and replaced",
		field: func(s *settings) *string { return &s.OrphanAfter },
	},
	{
		Name: EnvStopGrace, Default: "10s",
		Help:  "how long the work may take to stop by itself before it is killed",
		field: func(s *settings) *string { return &s.StopGrace },
	},
	{
		Name: EnvConnectTimeout, Default: "30s",
		Help:  "how long to try to reach the registry at start",
		field: func(s *settings) *string { return &s.ConnectTimeout },
	},
	{
		Name: EnvRestart, Default: "always",
		Help:  "when to start the command again after it has exited: always, on-failure or never; an instance that starts later runs it once more",
		field: func(s *settings) *string { return &s.Restart },
	},
	{
		Name: EnvOnChange, Otherwise: "none",
		Help:  "a program and its arguments, run without a shell at each change of this instance's role",
		field: func(s *settings) *string { return &s.OnChange },
	},
	{
		Name: EnvHTTPAddr, Otherwise: "off",
		Help:  "HOST:PORT on which to serve probes, metrics and the page, all read-only; :PORT is on all interfaces",
		field: func(s *settings) *string { return &s.HTTPAddr },
	},
	{
		Name: EnvLogLevel, Default: "info",
		Help:  "debug, info, warn or error",
		field: func(s *settings) *string { return &s.LogLevel },
	},
	{
		Name: EnvLogFormat, Default: "auto",
		Help:  "console, json, or auto: console on a terminal, else json",
		field: func(s *settings) *string { return &s.LogFormat },
	},
}

// exports are the variables that this program sets for other processes and does not
// read here. An instance may itself be the work of another one, so they are not unknown.
var exports = []string{
	EnvInstance, EnvTerm, EnvRun,
	EnvOldRole, EnvNewRole, EnvReason, EnvUnderInit,
}
