//go:build !linux

package pid1

// Main must not be called: there are no PID namespaces on this system.
func Main() int { panic("pid1: there are no PID namespaces on this system") }

// TakeName does nothing on this system.
func TakeName() {}
