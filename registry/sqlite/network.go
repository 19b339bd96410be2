package sqlite

import "fmt"

// refuseNetwork refuses a path on a file system that machines share: SQLite's
// locks and shared memory do not reach from one to the other. The path need not
// exist, its directory must.
func refuseNetwork(path string) error {
	kind, err := networkKind(path)
	if err != nil {
		return fmt.Errorf("sqlite: %s: its file system cannot be told: %w", path, err)
	}
	if kind != "" {
		return fmt.Errorf("%w: %s is on a network file system (%s), where two machines could both be active: name a file on a local disk, or use MongoDB", ErrPath, path, kind)
	}
	return nil
}
