// Package config turns the environment, the variables named UNDERSTUDY_*, into
// a validated [Config].
//
// [Load] reports all that is wrong at once, as an [Error] of one line each:
// the variable, its value, and what would be right. An unknown variable that is
// almost a known one is such a mistake, since a setting that is silently not
// applied is worse than a program that does not start; any other unknown one is
// a warning. An empty variable counts as unset, but where its default would join
// or start something else: there it is a setting that got lost.
//
// Values are untrusted text. They are shown quoted and cut short, and whatever
// may be a secret is not shown at all: the registry's URI is held in a [URI],
// which no fmt verb and no encoder prints in clear, and a URI that is not
// understood is shown as its scheme alone, because nobody knows where in it
// the password is.
//
// With no registry named, it is a file of this user on this machine, so that
// two terminals join the same group without any setting. Where instances may
// not share that file (a container, a pod, a process without a home) this is a
// mistake instead: each would be the active one of its own.
package config
