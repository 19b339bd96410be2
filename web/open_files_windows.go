package web

// maxFiles returns how many files this process may have open. Windows has no limit that
// matters here.
func maxFiles() uint64 { return 2 * maxConns }
