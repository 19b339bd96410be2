package heartbeat

import (
	"fmt"
	"strings"
	"time"
)

// traced is one line of a trace. Its text is a constant, so that tracing costs no
// formatting.
type traced struct {
	at   time.Duration
	host int8 // -1: the world
	text string
	n    int64
	id   uint32
}

// trace keeps the latest lines, and a hash over all of them.
type trace struct {
	ring [1 << 14]traced
	n    uint64
	hash uint64
}

func (t *trace) add(l traced) {
	t.ring[t.n%uint64(len(t.ring))] = l
	t.n++
	const prime = 1099511628211
	h := t.hash
	h = (h ^ uint64(l.at)) * prime
	h = (h ^ uint64(l.host)<<56 ^ uint64(l.id)) * prime
	h = (h ^ uint64(l.n)<<8 ^ uint64(len(l.text)) ^ uint64(l.text[0])<<48) * prime
	t.hash = h
}

// tail formats the last lines.
func (t *trace) tail(lines int) string {
	var b strings.Builder
	plain := strings.NewReplacer("%s", "…", "%d", "…")
	first := t.n - min(t.n, uint64(len(t.ring)), uint64(lines))
	for i := first; i < t.n; i++ {
		l := t.ring[i%uint64(len(t.ring))]
		who := "world"
		if l.host >= 0 {
			who = fmt.Sprintf("host%d", l.host)
		}
		fmt.Fprintf(&b, "%14.3f %s %-24s %d %08x\n", l.at.Seconds(), who, plain.Replace(l.text), l.n, l.id)
	}
	return b.String()
}
