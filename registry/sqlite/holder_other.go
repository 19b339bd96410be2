//go:build !linux

package sqlite

// locker and opener name a process on Linux alone.
func (*Registry) locker() string { return "another process" }

func (*Registry) opener() string { return "another process" }
