// Package web serves what an instance knows to probes, browsers and Prometheus.
// It changes nothing: every path answers GET and HEAD alone.
//
//	/healthz  200 while the loops turn, whatever the registry does
//	/readyz   200 for a registered instance with a fresh beat, active or passive
//	/activez  200 on the active instance alone
//	/status   the group as JSON, and what this instance is in it
//	/metrics  for Prometheus
//	/         the page for people
//	/events   what /status says, each second, as server-sent events
//
// A probe never touches the registry. For all others together it is asked about
// once a second, by one read at a time, and nobody waits for it for longer than
// two seconds.
//
// There is no login: whoever reaches the port may read it. Bind it to where that
// is right. What listens on the loopback interface answers to no other name than
// localhost, so that no page from elsewhere gets at it by DNS rebinding.
package web
