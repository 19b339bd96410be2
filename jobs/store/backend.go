package store

import "github.com/understudy-go/understudy/registry"

// Backend is a registry that has the jobs of its groups as well, in the same database.
type Backend interface {
	registry.Backend
	// Jobs returns the store of jobs, which is closed with the registry.
	Jobs() Store
}
