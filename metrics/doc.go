// Package metrics tells Prometheus what one instance does and how its group is. Each
// series has the label group. No text from a registry becomes a label.
//
//	understudy_active                       1 while this instance is active, else 0
//	understudy_term                         the term in which it is active, 0 while it is passive
//	understudy_instances{role}              instances of the group by the registry: active, passive or silent
//	understudy_transitions_total{reason}    changes of its role: promoted, or why its term is over
//	understudy_beat_seconds                 from sending a beat to its acknowledgement
//	understudy_beat_failures_total          beats that were not acknowledged
//	understudy_last_beat_timestamp_seconds  when the last acknowledged beat was sent, 0 before the first
//	understudy_lease_remaining_seconds      what is left of its lease, 0 when that has ended and while it is passive
//	understudy_orphans_deleted_total        orphans that this instance deleted
//	understudy_work_restarts_total          starts of the work after it had exited by itself
//	understudy_build_info{version,goversion} 1
//
// The metrics of the Go runtime and of the process are there too, without that label.
//
// No number of a term is used twice. So an instance that shows the same term above 0 in
// two scrapes was active all the time between them. The alert for two active instances
// relies on that.
//
// Every scrape is answered within two seconds, whatever the registry does. If the
// registry has not answered by then, understudy_instances is missing.
package metrics
