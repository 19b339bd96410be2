package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// checkHost refuses requests to another host on a listener for this machine alone. By
// DNS rebinding, a page from anywhere can make a browser on this machine send one.
func (s *Server) checkHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.local.Load() && !ofThisMachine(r.Host) {
			writeLine(w, http.StatusMisdirectedRequest, "this server is for this machine alone: use its address, or localhost")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ofThisMachine reports whether a Host header is an address or a name that no other
// machine has.
func ofThisMachine(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	_, err := netip.ParseAddr(host)
	return err == nil || host == "" || host == "localhost" || strings.HasSuffix(host, ".localhost")
}
