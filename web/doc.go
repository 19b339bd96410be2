// Package web serves what an instance knows to probes, browsers and Prometheus. It
// changes nothing: every path answers only GET and HEAD. (The API of jobs, which needs a
// token, is served at its side: see package jobs/api.)
//
//	/healthz  200 as long as the instance's loop runs, whatever the registry does
//	/readyz   200 if the instance is registered and its last beat is fresh, active or passive
//	/activez  200 only if it is also the active instance
//	/status   the group and this instance as JSON
//	/metrics  for Prometheus
//	/         the page for people
//	/events   what /status shows, once per second, as server-sent events
//	/page/…   what the page shows of jobs to everybody: see package jobs/public
//
// A probe never touches the registry. For all other requests together the registry is
// asked about once per second, by one read at a time, and nobody waits for it for more
// than two seconds. Jobs are read beside that, also one at a time, and only while
// somebody looks at them.
//
// There is no login: everybody who reaches the port may read. Bind it to an interface
// where that is right. A server on the loopback interface answers only requests to
// localhost or to an address, so that a page from elsewhere cannot reach it by DNS
// rebinding.
//
// server.go is where to begin. The page itself, its document, style and scripts, is in
// the folder page.
package web
