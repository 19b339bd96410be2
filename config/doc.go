// Package config turns the environment, the variables named UNDERSTUDY_*, into a
// validated [Config].
//
// [Load] reads the environment into settings, lets flags override it, gives unset variables
// their defaults, and parses and checks all values.
//
// A new variable has five places, and tests notice if one of them is missing:
//
//   - names.go: its name;
//   - settings.go: a field for its text;
//   - variables.go: what the help and the documents say of it, and where settings and
//     [Config] have it;
//   - config.go: a field of [Config] for its value;
//   - parse.go: what the value has to be.
//
// Load reports everything that is wrong at once, as an [Error] with one line for each
// mistake: the variable, its value, and what would be right. An unknown variable whose
// name is nearly that of a known one is a mistake too, since a setting without effect is
// worse than a program that does not start. Any other unknown variable is a warning. An
// empty variable counts as unset, unless its default would join or start something
// else: then it is a mistake, since its value probably got lost.
//
// Values are untrusted text. Messages show them quoted and cut short, and do not show
// what may be a secret. The URI of the registry is a [URI], which no fmt verb and no
// encoder prints in clear. Of a URI that cannot be parsed only the scheme is shown, since
// it is not known where in it the password is.
//
// If no registry is named, it is a file of this user on this machine. So two terminals
// join the same group without any setting. Where instances may not share that file (in a
// container, in a pod, in a process without a home directory) this is a mistake instead:
// each instance would have a registry of its own and be the active one in it.
package config
