package api

import (
	"crypto/sha256"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	maxGuesses  = 10          // different wrong tokens in guessWindow, after which a client is refused
	guessWindow = time.Minute // from the first of them
	maxGuessers = 1000        // that are remembered
)

// guesses remembers who sent wrong tokens. Only different ones count, so that a client that
// goes on with an old token does not lock others out that come from the same address.
type guesses struct {
	mu sync.Mutex
	by map[string]*guesser
}

type guesser struct {
	since  time.Time // the first wrong token
	tokens [][sha256.Size]byte
}

// wait returns how long nothing is accepted from an address; 0: it is.
func (g *guesses) wait(from string, now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if by := g.by[from]; by != nil && len(by.tokens) >= maxGuesses {
		return max(by.since.Add(guessWindow).Sub(now), 0)
	}
	return 0
}

// note remembers a wrong token. It reports whether it was the last one that is accepted
// from this address.
func (g *guesses) note(from string, token [sha256.Size]byte, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	by := g.by[from]
	if by == nil || now.Sub(by.since) >= guessWindow {
		g.makeRoom(from, now)
		by = &guesser{since: now}
		g.by[from] = by
	}
	if slices.Contains(by.tokens, token) {
		return false
	}
	by.tokens = append(by.tokens, token)
	return len(by.tokens) == maxGuesses
}

// makeRoom forgets those whose window is over, and, if there are still too many, those with
// the fewest wrong tokens.
func (g *guesses) makeRoom(from string, now time.Time) {
	if g.by == nil {
		g.by = map[string]*guesser{}
	}
	if len(g.by) < maxGuessers {
		return
	}
	fewest := ""
	for name, by := range g.by {
		if now.Sub(by.since) >= guessWindow {
			delete(g.by, name)
		} else if fewest == "" || len(by.tokens) < len(g.by[fewest].tokens) {
			fewest = name
		}
	}
	if len(g.by) >= maxGuessers {
		delete(g.by, fewest)
	}
}

// network returns what is taken for one client: an address, or the network of 64 bits of an
// IPv6 address, as every machine has one of its own.
func network(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is6() && !addr.IsLoopback() {
		if prefix, err := addr.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return addr.String()
}
