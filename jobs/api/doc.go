// Package api lets people and programs see jobs and runs over HTTP, and ask for something:
// a run, a pause, a cancellation, another try.
//
//	GET  /jobs                         the jobs of the group
//	GET  /jobs/{job}/runs              its runs, the last made first
//	POST /jobs/{job}/runs              ask for a run; the body is its payload
//	POST /jobs/{job}/pause             no slot of the job is started any more
//	POST /jobs/{job}/resume            undo that
//	GET  /runs/{job}/{run}             one run
//	GET  /runs/{job}/{run}/output      what it wrote; with follow=1 until it ends
//	POST /runs/{job}/{run}/cancel
//	POST /runs/{job}/{run}/retry
//
// It only reads the store of jobs and writes requests into it, so it works on any instance,
// active or passive. docs/openapi.yaml describes each route, and a test compares it with
// the handlers.
//
// # Who may
//
// There is no access without a token, not to read either. Without a token file the API is
// off. A client that keeps trying tokens is refused for a while. Requests that a browser
// sends for a page of another site are refused, whatever they carry.
//
// # Bounds
//
// All parts of a request have a limit, and so has the number of requests that are answered
// at a time, the time for each of them, and the number of clients that follow an output. A
// registry that is slow or away therefore costs the rest of the instance nothing. Messages
// never show what the registry's driver says, as it may name servers.
//
// handler.go is where to begin.
package api
