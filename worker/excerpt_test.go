package worker

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestExcerpt_KeepsHeadAndTail(t *testing.T) {
	for _, size := range []int{0, 1, excerptHead, excerptHead + 1, excerptHead + excerptTail, excerptHead + excerptTail + 1, 3*excerptTail + 7, 1 << 20} {
		for _, piece := range []int{1, 7, 4096, chunkSize, excerptTail + 1, 1 << 20} {
			t.Run(fmt.Sprintf("%d bytes by %d", size, piece), func(t *testing.T) {
				all := make([]byte, size)
				for i := range all {
					all[i] = byte(rand.Uint32())
				}
				var e Excerpt
				for rest := all; len(rest) > 0; {
					n := min(piece, len(rest))
					if got, err := e.Write(rest[:n]); got != n || err != nil {
						t.Fatal(got, err)
					}
					rest = rest[n:]
				}
				head := all[:min(size, excerptHead)]
				tail := all[max(len(head), size-excerptTail):]
				if !bytes.Equal(e.Head(), head) || !bytes.Equal(e.Tail(), tail) || e.Size() != int64(size) {
					t.Errorf("%d bytes of the head, %d of the tail, size %d; want %d, %d and %d, and the same bytes",
						len(e.Head()), len(e.Tail()), e.Size(), len(head), len(tail), size)
				}
			})
		}
	}
}
