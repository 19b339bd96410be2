package config

import (
	"reflect"
	"strings"
)

// Flags are what a command line says instead of the environment; nil: nothing.
type Flags struct {
	Registry *string // instead of UNDERSTUDY_REGISTRY and UNDERSTUDY_REGISTRY_FILE
	Group    *string // instead of UNDERSTUDY_GROUP
}

// input is what was written, and where.
type input struct {
	settings
	at      place
	flags   map[string]string // by variable: the flag that was given instead of it
	empty   map[string]bool   // variables that are set, to nothing
	refused map[string]bool   // variables that a mistake was noted of
}

// newInput takes the settings, as the environment has them. Set says which
// variables are there at all.
func newInput(s settings, flags Flags, set func(variable string) bool, at place) *input {
	in := &input{settings: s, at: at, flags: map[string]string{}, empty: map[string]bool{}, refused: map[string]bool{}}
	for i, v := range Variables {
		in.empty[v.Name] = set(v.Name) && reflect.ValueOf(s).Field(i).String() == ""
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
	return in
}

// name is where a variable's value was written.
func (in *input) name(variable string) string {
	if flag := in.flags[variable]; flag != "" {
		return flag
	}
	return variable
}

// prepare refuses what no variable may hold, and gives empty variables their
// defaults: most of them.
func (in *input) prepare(m *mistakes) {
	fields := reflect.ValueOf(&in.settings).Elem()
	for i, v := range Variables {
		f := fields.Field(i)
		value := f.String()
		what := Odd(value)
		if v.Name == EnvOnChange && forShell(value) != "" && strings.Contains(value, " ") {
			what = Odd(strings.TrimRight(value, "\"'`")) // which belong to one of its words
		}
		switch {
		case in.empty[v.Name] && v.vital:
			m.say("%s is set but empty, as if its value got lost: give it a value, or leave it out", in.name(v.Name))
		case what != "":
			m.say("%s: %s", in.name(v.Name), what)
		case !v.Secret && misplacedURI(v.Name, value):
			m.add(in.name(v.Name), value, "a URI belongs into UNDERSTUDY_REGISTRY: want %s", v.Help)
		case value == "":
			f.SetString(v.Default)
			continue
		default:
			continue
		}
		in.refused[v.Name] = true
		f.SetString(v.Default)
	}
}

// misplacedURI reports whether a value is a URI in a variable that is not for
// one: it would be shown. A command may well have one of another kind for an
// argument.
func misplacedURI(name, value string) bool {
	if name == EnvOnChange {
		program, _, _ := strings.Cut(value, " ")
		return strings.Contains(program, "://") || strings.Contains(value, "mongodb://") || strings.Contains(value, "mongodb+srv://")
	}
	return strings.Contains(value, "://")
}
