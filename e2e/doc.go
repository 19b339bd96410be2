// Package e2e tests the built binary as its users meet it: real processes on real
// registries, which are stopped, killed, frozen and cut off. Its benchmarks measure
// the same binary. All of it needs Linux.
package e2e
