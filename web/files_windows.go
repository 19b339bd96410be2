package web

// maxFiles is how many files this process may have open: there is no such limit.
func maxFiles() uint64 { return 2 * maxConns }
