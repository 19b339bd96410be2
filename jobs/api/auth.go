package api

import (
	"crypto/sha256"
	"net/http"
	"strings"
)

// authorized reports whether a request has the token. Otherwise it answers the request.
func (h *Handler) authorized(w http.ResponseWriter, r *http.Request) bool {
	refuse := func(detail string) bool {
		w.Header().Set("WWW-Authenticate", `Bearer realm="understudy"`)
		write(w, problem{Kind: "unauthorized", Title: "A token is needed", Status: http.StatusUnauthorized, Detail: detail})
		return false
	}
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return refuse("Send the header Authorization: Bearer TOKEN.")
	}
	from := network(r.RemoteAddr)
	if wait := h.guesses.wait(from, h.now()); wait > 0 {
		write(w, problem{Kind: "guessing", Title: "Too many wrong tokens", Status: http.StatusTooManyRequests,
			Detail: "Several wrong tokens came from this address. None is accepted from it for a while.", retryAfter: int(wait.Seconds()) + 1})
		return false
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	hash := sha256.Sum256([]byte(strings.TrimSpace(token)))
	if len(headers) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return refuse("Send one header Authorization: Bearer TOKEN.")
	}
	if !h.config.Tokens.is(hash) {
		if h.guesses.note(from, hash, h.now()) {
			h.config.Log.Warn().Str("from", from).Msg("somebody tries tokens for the HTTP API: none is accepted from this address for a while")
		}
		return refuse("This is not the token.")
	}
	return true
}
