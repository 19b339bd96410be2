// Package status is what people, probes and Prometheus see of a group.
//
// [Look] takes a picture of a group, a [Group], by the registry's clock: who is
// active, who stands by, whose beat is late, and in one line whether that is
// well. The latest term decides who is active; what an instance's record says
// of its role is only what it last said. An [Observer] takes one picture after
// another, and then whether a beat moves says who lives, whatever that clock does.
//
// What is in a registry is untrusted text. Every string of a picture went
// through [Visible]: control characters and what turns the direction of writing
// are shown, not sent to a terminal.
//
// Package web serves the picture to probes and browsers, and package
// metrics counts what one instance does.
package status
