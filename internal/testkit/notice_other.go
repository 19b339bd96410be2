//go:build !unix

package testkit

// toTerminal does nothing: this system has no terminal that a process finds by name.
func toTerminal(string) {}
