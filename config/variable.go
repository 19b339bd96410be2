package config

import (
	"fmt"
	"reflect"
	"strings"
	"text/tabwriter"
)

// settings is the environment as it is written: envconfig stops at the first
// value that it cannot convert, so it fills strings, and parse converts them.
// The tags hold the full names, since envconfig looks up a name without its
// prefix as well, and HOST means something else. They are what the help and
// the documentation are made from.
type settings struct {
	Registry       string `envconfig:"UNDERSTUDY_REGISTRY" secret:"true" empty:"refused" otherwise:"a SQLite file in the user's state directory" help:"where the instances meet: mongodb://…, mongodb+srv://… or sqlite:PATH"`
	RegistryFile   string `envconfig:"UNDERSTUDY_REGISTRY_FILE" secret:"true" empty:"refused" help:"a file that holds what UNDERSTUDY_REGISTRY would, for a container's secrets"`
	Database       string `envconfig:"UNDERSTUDY_DATABASE" empty:"refused" otherwise:"the URI's path, else understudy" help:"the database, on MongoDB"`
	Group          string `envconfig:"UNDERSTUDY_GROUP" empty:"refused" default:"default" help:"the name that identical processes share; one of them is active"`
	Host           string `envconfig:"UNDERSTUDY_HOST" otherwise:"the host's name" help:"the name that people know this machine by"`
	Priority       string `envconfig:"UNDERSTUDY_PRIORITY" default:"0" help:"the instance with the highest takes over first, among equals the oldest"`
	Interval       string `envconfig:"UNDERSTUDY_HEARTBEAT_INTERVAL" default:"1s" help:"the time between two heartbeats"`
	OrphanAfter    string `envconfig:"UNDERSTUDY_ORPHAN_AFTER" default:"60s" help:"an instance that was silent for this long is deleted and replaced"`
	StopGrace      string `envconfig:"UNDERSTUDY_STOP_GRACE" default:"10s" help:"what the work gets to stop by itself before it is killed"`
	ConnectTimeout string `envconfig:"UNDERSTUDY_CONNECT_TIMEOUT" default:"30s" help:"how long to try to reach the registry at start"`
	Restart        string `envconfig:"UNDERSTUDY_RESTART" default:"always" help:"when to start a command again that exited: always, on-failure or never; whoever starts after its end runs it once more"`
	OnChange       string `envconfig:"UNDERSTUDY_ON_CHANGE" otherwise:"none" help:"a program, with its arguments, to run at each change of this instance's role; no shell reads it"`
	HTTPAddr       string `envconfig:"UNDERSTUDY_HTTP_ADDR" otherwise:"off" help:"HOST:PORT to serve probes, metrics and the page on, read-only; :PORT is on all interfaces"`
	LogLevel       string `envconfig:"UNDERSTUDY_LOG_LEVEL" default:"info" help:"debug, info, warn or error"`
	LogFormat      string `envconfig:"UNDERSTUDY_LOG_FORMAT" default:"auto" help:"console, json, or auto: console on a terminal, else json"`
}

// Variable describes one variable of the environment.
type Variable struct {
	Name string
	// Default is the value that an unset variable stands for. It is empty where
	// there is none, or none that is the same everywhere.
	Default string
	// Otherwise says in words what an unset variable without a Default means.
	Otherwise string
	Help      string
	// Secret marks what must stay out of a command's environment.
	Secret bool
	// vital marks that an empty one is refused: the default would join or start
	// something else.
	vital bool
}

// Variables are all variables that Load reads, in the order for people.
var Variables = describe()

func describe() []Variable {
	var list []Variable
	for _, f := range reflect.VisibleFields(reflect.TypeFor[settings]()) {
		list = append(list, Variable{
			Name:      f.Tag.Get("envconfig"),
			Default:   f.Tag.Get("default"),
			Otherwise: f.Tag.Get("otherwise"),
			Help:      f.Tag.Get("help"),
			Secret:    f.Tag.Get("secret") == "true",
			vital:     f.Tag.Get("empty") == "refused",
		})
	}
	return list
}

// Table is a table of the variables in Markdown.
func Table() string {
	var b strings.Builder
	b.WriteString("| Variable | Default | Meaning |\n|---|---|---|\n")
	for _, v := range Variables {
		unset := v.Otherwise
		if v.Default != "" {
			unset = "`" + v.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.Name, unset, v.Help)
	}
	return b.String()
}

// Usage is a table of the variables as aligned text, one a line.
func Usage() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, v := range Variables {
		unset := ""
		if text := v.Default + v.Otherwise; text != "" {
			unset = " (default: " + text + ")"
		}
		fmt.Fprintf(w, "  %s\t%s%s\n", v.Name, v.Help, unset)
	}
	_ = w.Flush() // to memory
	return b.String()
}
