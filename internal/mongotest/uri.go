package mongotest

import (
	"net/url"
	"strings"
)

// escape makes any text a part of a URI.
func escape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// withDatabase is a URI that names another database than it did, and the same
// credentials: where they are looked up follows the database unless it is said.
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
