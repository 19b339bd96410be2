package mongotest

import (
	"net/url"
	"strings"
)

// escape makes any text fit for a URI.
func escape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// withDatabase returns the URI with another database. The server looks up the
// credentials in that database unless authSource names one, so authSource names the old
// one then.
func withDatabase(uri, name string) string {
	scheme, rest, _ := strings.Cut(uri, "://")
	rest, query, _ := strings.Cut(rest, "?")
	hosts, old, _ := strings.Cut(rest, "/")
	if strings.Contains(hosts, "@") && !strings.Contains(query, "authSource=") {
		if old == "" {
			old = "admin"
		}
		query = strings.TrimPrefix(query+"&authSource="+old, "&")
	}
	return scheme + "://" + hosts + "/" + name + "?" + query
}
