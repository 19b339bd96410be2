package config

import "strings"

// settings is the environment as it is written. envconfig fills it: the name of a
// variable is that of its field, in capitals, after the prefix. All fields are strings,
// since envconfig stops at the first value that it cannot convert; parse converts them
// and reports all mistakes at once.
type settings struct {
	Registry          string
	RegistryFile      string `split_words:"true"`
	Database          string
	Group             string
	Host              string
	Priority          string
	HeartbeatInterval string `split_words:"true"`
	OrphanAfter       string `split_words:"true"`
	StopGrace         string `split_words:"true"`
	ConnectTimeout    string `split_words:"true"`
	Restart           string
	Isolation         string
	OnChange          string `split_words:"true"`
	Jobs              string
	MaxRuns           string `split_words:"true"`
	HTTPAddr          string `split_words:"true"`
	APITokenFile      string `split_words:"true"`
	WebhookSecretFile string `split_words:"true"`
	LogLevel          string `split_words:"true"`
	LogFormat         string `split_words:"true"`
}

// Flags are the flags that override the environment; nil: the flag was not given.
type Flags struct {
	Registry *string // overrides UNDERSTUDY_REGISTRY and UNDERSTUDY_REGISTRY_FILE
	Group    *string // overrides UNDERSTUDY_GROUP
	Jobs     *string // overrides UNDERSTUDY_JOBS
}

// input is what was written, and where it was written.
type input struct {
	settings
	at      place
	flags   map[string]string // from a variable to the flag that overrides it
	empty   map[string]bool   // the variables that are set, but empty
	refused map[string]bool   // the variables that a mistake was noted for
}

// newInput takes the settings as they are in the environment. The function set reports
// whether a variable is set.
func newInput(s settings, flags Flags, set func(variable string) bool, at place) *input {
	in := &input{settings: s, at: at, flags: map[string]string{}, empty: map[string]bool{}, refused: map[string]bool{}}
	for _, v := range Variables {
		in.empty[v.Name] = set(v.Name) && *v.field(&in.settings) == ""
	}
	override := func(name, flag string, to *string, value string) {
		*to, in.flags[name], in.empty[name] = value, flag, value == ""
	}
	if flags.Registry != nil {
		override(EnvRegistry, "--registry", &in.Registry, *flags.Registry)
		in.RegistryFile, in.empty[EnvRegistryFile] = "", false
	}
	if flags.Group != nil {
		override(EnvGroup, "--group", &in.Group, *flags.Group)
	}
	if flags.Jobs != nil {
		override(EnvJobs, "--jobs", &in.Jobs, *flags.Jobs)
	}
	return in
}

// name returns where the value of a variable was written: its name, or a flag.
func (in *input) name(variable string) string {
	if flag := in.flags[variable]; flag != "" {
		return flag
	}
	return variable
}

// prepare refuses values that no variable may have, and gives most empty variables
// their defaults.
func (in *input) prepare(m *mistakes) {
	for _, v := range Variables {
		field := v.field(&in.settings)
		value := *field
		stray := StrayCharacter(value)
		if v.Name == EnvOnChange && shellSyntax(value) != "" && strings.Contains(value, " ") {
			stray = StrayCharacter(strings.TrimRight(value, "\"'`")) // a quote at the end belongs to its last word
		}
		switch {
		case in.empty[v.Name] && v.vital:
			m.note("%s is set but empty, as if its value got lost: give it a value, or unset it", in.name(v.Name))
		case stray != "":
			m.note("%s: %s", in.name(v.Name), stray)
		case !v.Secret && misplacedURI(v.Name, value):
			m.add(in.name(v.Name), value, "a URI belongs in "+EnvRegistry+": want %s", v.Help)
		case value == "":
			*field = v.Default
			continue
		default:
			continue
		}
		in.refused[v.Name] = true
		*field = v.Default
	}
}

// misplacedURI reports whether a value is a URI although its variable is not meant for
// one: messages would show it, and a password in it. A command may have a URI of another
// kind as an argument.
func misplacedURI(name, value string) bool {
	if name == EnvOnChange {
		program, _, _ := strings.Cut(value, " ")
		return strings.Contains(program, "://") || strings.Contains(value, "mongodb://") || strings.Contains(value, "mongodb+srv://")
	}
	return strings.Contains(value, "://")
}
