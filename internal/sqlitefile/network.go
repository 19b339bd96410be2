package sqlitefile

// RefuseNetwork returns ErrPath for a path on a file system that several machines
// share. SQLite's locks and shared memory do not reach from one machine to another.
// The path need not exist, but its directory must.
func RefuseNetwork(path string) error {
	kind, err := networkKind(path)
	if err != nil {
		return advise("name a file on a local disk", "sqlite: %s: the kind of its file system cannot be found out: %w", path, err)
	}
	if kind != "" {
		return advise("name a file on a local disk", "%w: %s is on a network file system (%s), and locks do not reach from one machine to another there",
			ErrNetwork, path, kind)
	}
	return nil
}
