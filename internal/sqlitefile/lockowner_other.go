//go:build !linux

package sqlitefile

// Only Linux tells which process has a lock.

func (*File) writeLockOwner() string { return "another process" }

func (*File) openingLockOwner() string { return "another process" }
