// Package metrics tells Prometheus what one instance does and how its group is. Each
// series has the label group. No text from a registry becomes a label: the label job is a
// name of the instance's own file, or "_other".
//
//	understudy_active                       1 while this instance is active, else 0
//	understudy_term                         the term in which it is active, 0 while it is passive
//	understudy_instances{role}              instances of the group by the registry: active, passive or silent
//	understudy_transitions_total{reason}    changes of its role: promoted, or why its term is over
//	understudy_takeovers_total{reason}      terms that it began, by why the term before ended
//	understudy_beat_seconds                 from sending a beat to its acknowledgement
//	understudy_beat_failures_total          beats that were not acknowledged
//	understudy_last_beat_timestamp_seconds  when the last acknowledged beat was sent, 0 before the first
//	understudy_lease_remaining_seconds      what is left of its lease, 0 when that has ended and while it is passive
//	understudy_orphans_deleted_total        orphans that this instance deleted
//	understudy_work_restarts_total          starts of the work after it had exited by itself
//	understudy_registry_clock_ahead_seconds how far the registry's clock is ahead of this machine's at least
//	understudy_build_info{version,goversion} 1
//
// An instance that has a file of jobs counts their runs:
//
//	understudy_job_runs_total{job,status,trigger} runs whose outcome it recorded
//	understudy_job_duration_seconds{job}    from the claim of a run's last attempt to its end
//	understudy_job_start_delay_seconds      from when an attempt was due to its claim
//	understudy_jobs_processing              runs that it processes now
//
// While it is active, it also shows what the records say:
//
//	understudy_job_last_success_timestamp_seconds{job} when the last completed run ended
//	understudy_job_next_timestamp_seconds{job} the next slot; missing while the job is paused
//	understudy_job_paused{job}              1 while the job is paused, else 0
//	understudy_jobs_waiting{job}            runs that are due and wait
//	understudy_jobs_oldest_waiting_seconds  how long the oldest of those has been due
//
// The metrics of the Go runtime and of the process are there too, without that label.
//
// No number of a term is used twice. So an instance that shows the same term above 0 in
// two scrapes was active all the time between them. The alert for two active instances
// relies on that.
//
// Every scrape is answered within two seconds, whatever the registry does. If the
// registry has not answered by then, what is read from it is missing.
package metrics
