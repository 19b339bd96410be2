package status

import (
	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Name names an instance as registry.Name does, but leaves out the middle of a host
// whose name is too long to be shown.
func Name(host string, id uuid.UUID) string {
	const most, end = 64, 24
	if runes := []rune(host); len(runes) > most {
		host = string(runes[:most-1-end]) + "…" + string(runes[len(runes)-end:])
	}
	if host == "" {
		host = "?"
	}
	return registry.Name(host, id)
}
