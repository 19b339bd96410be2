// Package metrics tells Prometheus what one instance does, and how its group
// is. Each series has the label group; nothing that a registry holds becomes a
// label.
//
//	understudy_active                       1 while this instance is active, else 0
//	understudy_term                         the term that it works in, 0 while passive
//	understudy_instances{role}              instances of the group by the registry: active, passive or silent
//	understudy_transitions_total{reason}    changes of its role: promoted, or why the term is over
//	understudy_beat_seconds                 from sending a beat to its acknowledgement
//	understudy_beat_failures_total          beats without an acknowledgement
//	understudy_last_beat_timestamp_seconds  when the latest acknowledged beat was sent, 0 before the first
//	understudy_lease_remaining_seconds      what is left of the lease that it works by, 0 when that has ended and while passive
//	understudy_orphans_deleted_total        orphans that this instance deleted
//	understudy_work_restarts_total          starts of the work after it had exited by itself
//	understudy_build_info{version,goversion} 1
//
// The Go runtime's and the process's metrics are there too, without that label.
//
// A term is never given out twice, so an instance that shows the same term
// above 0 in two scrapes was active all the time between them. The alert for
// two active instances rests on that.
//
// Whatever the registry does, a scrape is answered within two seconds: without
// understudy_instances if the registry did not answer by then.
package metrics
