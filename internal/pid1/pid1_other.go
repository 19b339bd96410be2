//go:build !linux

package pid1

// Main must not be called: there are no PID namespaces here.
func Main() int { panic("pid1: not on this platform") }

// TakeName does nothing here.
func TakeName() {}
