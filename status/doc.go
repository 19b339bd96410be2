// Package status is what people, probes and Prometheus see of a group.
//
// [Observe] reads the registry once and makes a snapshot of a group, a [Group]: which
// instance is active, which ones stand by, whose beat is late, and in one line whether
// the group is healthy. The work goes from file to file: reading.go reads,
// observation.go says how old a beat is, snapshot.go puts the snapshot together with
// terms.go and takeover.go, and banner.go words the line. The latest term decides who
// is active; the role in an instance's own record is only what it wrote last.
//
// An [Observer] takes one snapshot after another and remembers the beats that it has
// seen. Whether a beat moves tells who lives, even if somebody sets the registry's
// clock. A [Lookout] shares one snapshot among all clients of an instance, of this kind or
// of another.
//
// What is in a registry is untrusted text. Every string of a snapshot has been through
// [Visible], which replaces control characters and characters that change the direction
// of writing by escapes.
//
// Package web serves the snapshot to probes and browsers, and package metrics tells
// Prometheus what one instance does.
package status
