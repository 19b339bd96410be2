package mongodb

import (
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/store/mongostore"
	"github.com/understudy-go/understudy/registry"
)

// Jobs returns the records of jobs and runs in the same database. They use the
// registry's connection, and are closed with it.
func (r *Registry) Jobs() store.Store {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.jobs == nil {
		r.jobs = mongostore.New(mongostore.Registry{
			Database: r.terms.Database(), Pool: r.conn.Pool() - r.bell.Connections(), Simple: r.simple, Joined: r.access == registry.Join,
			Now: r.clock.now, Hello: r.hello, Bell: r.bell, MayRead: r.mayRead, MayWrite: r.mayWrite, Refused: r.refused,
			Spawn: r.spawn, Closing: r.closing,
		})
	}
	return r.jobs
}
