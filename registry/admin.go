package registry

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Admin is what people need besides a [Registry]: to read what is stored, and to ask the
// active instance for something. It never elects.
type Admin interface {
	// Instances returns the instances of a group in the order of their UUIDs, and the
	// registry's time. With ErrCorrupt or ErrSchema the instances are returned anyway,
	// and there are others that cannot be read. If none can be read, as from a file
	// that is damaged as a whole, the time is zero.
	Instances(ctx context.Context, group string) (list []Instance, at time.Time, err error)
	// Terms returns up to n terms of a group, the latest first. With ErrCorrupt or
	// ErrSchema the terms are returned anyway, and there are others that cannot be
	// read.
	Terms(ctx context.Context, group string, n int) ([]Term, error)
	// Groups returns the names of all groups that ever had a term or have an instance,
	// sorted. With ErrCorrupt the names are returned anyway, and there is a record
	// whose group has no valid name.
	Groups(ctx context.Context) ([]string, error)
	// RequestHandover asks the holder of an open term to step down, at the registry's
	// time. It returns ErrNoTerm if the term is not open.
	RequestHandover(ctx context.Context, group string, number int64, to uuid.UUID) error
	// Info describes the registry.
	Info(ctx context.Context) (Info, error)
}

// Info describes a registry to people.
type Info struct {
	Backend  string    // "mongodb", "sqlite"
	Version  string    // the version of the server or of the library
	Topology string    // "replica set rs0, 3 members", "a file on this machine"
	At       time.Time // the registry's time
	Schema   int
}
