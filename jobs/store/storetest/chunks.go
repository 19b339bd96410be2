package storetest

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// chunks: the live output of an attempt.
func chunks(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	b, other := s.Open(t), s.Open(t)
	add := func(t *testing.T, h store.Holder, k store.Key, attempt, n int, offset int64, data string) {
		t.Helper()
		if err := b.Jobs().AppendChunk(t.Context(), h, k, attempt, n, offset, []byte(data)); err != nil {
			t.Fatalf("AppendChunk of number %d: %v", n, err)
		}
	}
	want := func(t *testing.T, k store.Key, attempt, from int, want ...store.Chunk) {
		t.Helper()
		got, err := other.Jobs().Chunks(t.Context(), k, attempt, from)
		if err != nil {
			t.Fatalf("Chunks: %v", err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Chunks of attempt %d from %d on (- want, + got):\n%s", attempt, from, diff)
		}
	}
	chunk := func(n int, offset int64, data string) store.Chunk {
		return store.Chunk{N: n, Offset: offset, Data: []byte(data)}
	}

	t.Run("TheyAreReadFromANumberOnWithGaps", func(t *testing.T) {
		h := hold(t, b, "gaps")
		k := claimOne(t, b, h, processing(h, "report", "1")).Key
		want(t, k, 1, 0)
		add(t, h, k, 1, 0, 0, "a")
		add(t, h, k, 1, 1, 1, "b\x00\xff")
		add(t, h, k, 2, 0, 7, "second")
		add(t, h, k, 1, 1, 2, "another") // what is there stays
		add(t, h, k, 1, 3, 1<<40, "d")
		want(t, k, 1, 0, chunk(0, 0, "a"), chunk(1, 1, "b\x00\xff"), chunk(3, 1<<40, "d"))
		want(t, k, 1, 1, chunk(1, 1, "b\x00\xff"), chunk(3, 1<<40, "d"))
		want(t, k, 1, 2, chunk(3, 1<<40, "d"))
		want(t, k, 1, 4)
		want(t, k, 1, -1, chunk(0, 0, "a"), chunk(1, 1, "b\x00\xff"), chunk(3, 1<<40, "d"))
		want(t, k, 2, 0, chunk(0, 7, "second"))
		want(t, k, 3, 0)
		add(t, h, k, 1, 2, 9, "c")
		want(t, k, 1, 1, chunk(1, 1, "b\x00\xff"), chunk(2, 9, "c"), chunk(3, 1<<40, "d"))
		for _, k := range []store.Key{{Group: "gaps", Job: "report", Run: "11"}, {Group: "gaps", Job: "repor", Run: "1"}, {Group: "gap", Job: "report", Run: "1"}} {
			want(t, k, 1, 0)
		}
	})

	t.Run("TheLastOnesAreKept", func(t *testing.T) {
		h := hold(t, b, "ring")
		k := claimOne(t, b, h, processing(h, "report", "1")).Key
		add(t, h, k, 2, 0, 0, "of another attempt")
		const last = store.MaxChunks + 7
		ring := func(from, to int) (list []store.Chunk) {
			for n := from; n <= to; n++ {
				list = append(list, chunk(n, int64(n)*10, fmt.Sprint(n)))
			}
			return list
		}
		for _, c := range ring(0, last) {
			add(t, h, k, 1, c.N, c.Offset, string(c.Data))
			if c.N == store.MaxChunks-1 {
				want(t, k, 1, 0, ring(0, store.MaxChunks-1)...)
			}
		}
		want(t, k, 1, 0, ring(8, last)...)
		want(t, k, 1, 9, ring(9, last)...)
		want(t, k, 2, 0, chunk(0, 0, "of another attempt"))

		// One that is stored late is not among the last ones.
		add(t, h, k, 1, 0, 0, "late")
		want(t, k, 1, 0, ring(8, last)...)

		// A long gap: whoever reads learns by the offset what is missing.
		add(t, h, k, 1, last+store.MaxChunks-2, 1<<50, "after a gap")
		gap := append(ring(last-1, last), chunk(last+store.MaxChunks-2, 1<<50, "after a gap"))
		want(t, k, 1, 0, gap...)
		const large = 1<<31 - 1
		add(t, h, k, 1, large, 1<<60, "the last")
		want(t, k, 1, 0, chunk(large, 1<<60, "the last"))
	})

	t.Run("WhatIsTooLargeOrNegativeIsRefused", func(t *testing.T) {
		h := hold(t, b, "limits")
		k := claimOne(t, b, h, processing(h, "report", "1")).Key
		largest := bytes.Repeat([]byte("x"), store.MaxChunk)
		call := func(n int, offset int64, data []byte) error {
			return b.Jobs().AppendChunk(t.Context(), h, k, 1, n, offset, data)
		}
		suite.WantError(t, "AppendChunk of one byte too many", call(0, 0, append(largest, 'x')), store.ErrTooLarge)
		suite.WantError(t, "AppendChunk of one before the first", call(-1, 0, largest), registry.ErrCorrupt)
		suite.WantError(t, "AppendChunk at a negative offset", call(0, -1, largest), registry.ErrCorrupt)
		want(t, k, 1, 0)
		add(t, h, k, 1, 0, 0, string(largest))
		want(t, k, 1, 0, chunk(0, 0, string(largest)))
	})

	t.Run("OneThatMakesNoSenseIsAnErrorAndHidesNoOther", func(t *testing.T) {
		for i, bad := range []spoilt{
			{"offset", nil, registry.ErrCorrupt}, {"offset", "start", registry.ErrCorrupt}, {"offset", int64(-1), registry.ErrCorrupt}, {"offset", 2.5, registry.ErrCorrupt},
			{"data", nil, registry.ErrCorrupt}, {"data", "text", registry.ErrCorrupt}, {"data", int64(7), registry.ErrCorrupt},
			{"data", make([]byte, store.MaxChunk+1), registry.ErrCorrupt},
		} {
			h := hold(t, b, numbered("garbage", i))
			k := claimOne(t, b, h, processing(h, "report", "1")).Key
			add(t, h, k, 1, 0, 0, "bad")
			s.Spoil(t, Record{Key: k, Blob: "chunk"}, bad.field, bad.value)
			for n := 1; n < store.MaxChunks; n++ {
				add(t, h, k, 1, n, 0, "fine")
			}
			got, err := other.Jobs().Chunks(t.Context(), k, 1, 0)
			suite.WantError(t, fmt.Sprintf("Chunks with %.60s", bad), err, bad.want)
			if len(got) != store.MaxChunks-1 || got[0].N != 1 {
				t.Errorf("Chunks with %.60s: %d of them, want %d from 1 on", bad, len(got), store.MaxChunks-1)
			}
		}
	})
}
