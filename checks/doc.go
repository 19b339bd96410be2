// Package checks holds, as a module of its own, the checks that need real parts
// or large libraries, so that whoever depends on Understudy carries none of them:
//
//	page        the page for people, in Chromium
//	alerts      the alert rules, in promtool, and the dashboard
//	systemd     the unit, in systemd-analyze and under a systemd of its own
//	compose     the compose file, in Compose's own loader
//	kubernetes  the manifests, in the types of Kubernetes and of the Prometheus operator
//	image       what .dockerignore leaves of the build, and that a release has the same program
//	machines    the walk for three machines, on a real MongoDB; systemd runs its other commands
//	docs        the Go code in the documents, in the compiler, and its tests
//
// They run with
//
//	cd checks && go test -count=1 ./...
//
// They look at files outside of this module, and go test does not notice when
// such a file has changed: hence -count=1.
//
// A check whose part is not installed says so and skips. With
// UNDERSTUDY_TEST_REQUIRE_PARTS=1 it fails instead.
package checks
