package view

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/jobs/store"
)

// transcribed returns a transcript of chunks, and what it has written.
func transcribed(chunks map[int][]store.Chunk) (*Transcript, *strings.Builder) {
	var b strings.Builder
	return &Transcript{
		Chunks: func(_ context.Context, attempt, from int) (list []store.Chunk, _ error) {
			for _, c := range chunks[attempt] {
				if c.N >= from {
					list = append(list, c)
				}
			}
			return list, nil
		},
		Write:   func(data []byte) error { b.Write(data); return nil },
		Missing: func(n int64) error { fmt.Fprintf(&b, "[%d]", n); return nil },
		Next:    func(attempt int) error { fmt.Fprintf(&b, "[attempt %d]", attempt); return nil },
	}, &b
}

func runOf(ends ...store.AttemptEnd) store.Run {
	r := store.Run{Attempt: len(ends)}
	for i, end := range ends {
		r.Attempts = append(r.Attempts, store.Attempt{Number: i + 1, End: end})
	}
	return r
}

func TestTranscript_WritesEverythingOnce(t *testing.T) {
	chunks := map[int][]store.Chunk{}
	tr, b := transcribed(chunks)
	advance := func(r store.Run, want string) {
		t.Helper()
		if err := tr.Advance(t.Context(), r); err != nil || b.String() != want {
			t.Errorf("%q, want %q; %v", b, want, err)
		}
	}
	advance(store.Run{}, "")
	chunks[1] = []store.Chunk{{N: 0, Offset: 0, Data: []byte("ab")}}
	advance(runOf(""), "ab")
	advance(runOf(""), "ab")
	chunks[1] = append(chunks[1], store.Chunk{N: 3, Offset: 5, Data: []byte("f")})
	advance(runOf(""), "ab[3]f")
	failed := runOf(store.AttemptFailed)
	failed.Output = store.Output{Head: []byte("abc"), Tail: []byte("efgh"), Bytes: 8}
	advance(failed, "ab[3]fgh")
	chunks[1] = append(chunks[1], store.Chunk{N: 4, Offset: 8, Data: []byte("i")})
	chunks[2] = []store.Chunk{{N: 0, Offset: 0, Data: []byte("x")}}
	advance(runOf(store.AttemptFailed, ""), "ab[3]fghi[attempt 2]x")
}

// What stands in the record of a run may be what the attempt before wrote.
func TestTranscript_OutputOfAnInterruptedAttemptIsNotThatOfTheOneBefore(t *testing.T) {
	tr, b := transcribed(map[int][]store.Chunk{2: {{Data: []byte("sec")}}})
	r := runOf(store.AttemptFailed, store.AttemptExited)
	r.State, r.Output = store.Exited, store.Output{Head: []byte("first"), Bytes: 5}
	if err := tr.Advance(t.Context(), r); err != nil || b.String() != "sec" {
		t.Errorf("%q, want that of the second attempt; %v", b, err)
	}
}

// Records may be spoilt. Then something is missing, and nothing worse happens.
func TestTranscript_SurvivesGarbage(t *testing.T) {
	tr, b := transcribed(map[int][]store.Chunk{1: {
		{N: math.MaxInt, Offset: -5, Data: []byte("negative")}, {N: 7, Offset: math.MaxInt64, Data: []byte("beyond")}, {Offset: 0, Data: nil},
		{Offset: 0, Data: []byte("ab")}, {Offset: 0, Data: []byte("ab")}, {Offset: 1, Data: []byte("bc")}, {Offset: math.MinInt64, Data: []byte("negative")},
		{Offset: 1 << 62, Data: []byte("d")}, {Offset: -7, Data: []byte("e")},
	}})
	if err := tr.Advance(t.Context(), runOf("")); err != nil || b.String() != fmt.Sprintf("abc[%d]d", int64(1<<62-3)) {
		t.Errorf("%q; %v", b, err)
	}
	for _, bytes := range []int64{0, -5, 8, math.MinInt64} {
		tr, b := transcribed(nil)
		r := runOf(store.AttemptCompleted)
		r.Output = store.Output{Head: []byte("head"), Tail: []byte("tail"), Bytes: bytes}
		if err := tr.Advance(t.Context(), r); err != nil || b.String() != "headtail" {
			t.Errorf("%d bytes: %q; %v", bytes, b, err)
		}
	}
}

func TestTranscript_GoesOnAfterAnError(t *testing.T) {
	away := errors.New("away")
	chunks := map[int][]store.Chunk{1: {{N: 0, Offset: 0, Data: []byte("ab")}}, 2: {{N: 0, Offset: 0, Data: []byte("x")}}}
	tr, b := transcribed(chunks)
	if err := tr.Advance(t.Context(), runOf("")); err != nil {
		t.Fatal(err)
	}
	read := tr.Chunks
	tr.Chunks = func(context.Context, int, int) ([]store.Chunk, error) { return nil, away }
	second := runOf(store.AttemptFailed, "")
	if err := tr.Advance(t.Context(), second); !errors.Is(err, away) {
		t.Errorf("%v, want that of the read", err)
	}
	chunks[1] = append(chunks[1], store.Chunk{N: 1, Offset: 2, Data: []byte("c")})
	tr.Chunks = read
	if err := tr.Advance(t.Context(), second); err != nil || b.String() != "abc[attempt 2]x" {
		t.Errorf("%q; %v", b, err)
	}
}
