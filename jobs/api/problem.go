package api

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// problem is what a request was refused for, in the form of RFC 9457. It is an error.
type problem struct {
	Kind   string `json:"-"` // the last part of Type
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	// Run is the path of the run that stands in the way.
	Run string `json:"run,omitempty"`
	// Jobs are the names that exist, if the request names a job that does not.
	Jobs []string `json:"jobs,omitempty"`

	retryAfter int // seconds; 0: the header is left out
}

// typePrefix begins the type of each problem. It names the problem and is no address.
const typePrefix = "urn:understudy:problem:"

func (p problem) Error() string { return p.Title + ": " + p.Detail }

// write answers with a problem.
func write(w http.ResponseWriter, p problem) {
	p.Type = typePrefix + p.Kind
	text, _ := json.Marshal(p) // strings and a number can always be encoded
	w.Header().Set("Content-Type", "application/problem+json")
	if p.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(text, '\n'))
}

// writeJSON answers with a value.
func writeJSON(w http.ResponseWriter, code int, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(append(text, '\n'))
	return nil
}

// invalid returns the problem of a request that is wrong in itself.
func invalid(err error) problem {
	return problem{Kind: "invalid", Title: "The request is wrong", Status: http.StatusBadRequest, Detail: err.Error()}
}

// busy returns the problem of a request that may succeed later.
func busy(detail string) problem {
	return problem{Kind: "unavailable", Title: "There is no answer now", Status: http.StatusServiceUnavailable, Detail: detail, retryAfter: 1}
}
