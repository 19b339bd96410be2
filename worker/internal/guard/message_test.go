package guard

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMessagesArriveWholeHoweverTheyAreCut(t *testing.T) {
	want := []message{
		{kind: mReady},
		{kind: mExtend, numbers: []int64{-1}},
		Order{Path: "/bin/x", Args: []string{"x", "", strings.Repeat("long", 1000)}, Env: []string{"A=ä", ""}, Lease: 1, Grace: 2, Margin: 3}.message(),
		{kind: mExited, numbers: []int64{0, 255, 3}, strings: []string{"a\x00b"}},
	}
	var stream []byte
	for _, m := range want {
		stream = m.appendTo(stream)
	}
	for _, size := range []int{1, 3, 4096, len(stream)} {
		var in []byte
		var got []message
		for rest := stream; len(rest) > 0; {
			n := min(size, len(rest))
			in, rest = append(in, rest[:n]...), rest[n:]
			for {
				m, left, ok, err := cut(in)
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					break
				}
				in = left
				got = append(got, m)
			}
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(message{})); diff != "" {
			t.Errorf("in pieces of %d: %s", size, diff)
		}
	}
}

// A guard of another version may say anything.
func TestMessagesThatLackSomethingAreRefused(t *testing.T) {
	for _, m := range []message{
		{kind: 0},
		{kind: 99},
		{kind: mRefused},
		{kind: mStarted},
		{kind: mNotStarted},
		{kind: mExited, numbers: []int64{1}},
		{kind: mExtend},
		{kind: mStop, numbers: []int64{1, 2}},
		{kind: mOrder, numbers: []int64{1, 2, 3, 0}, strings: []string{"/bin/x"}},
		{kind: mOrder, numbers: []int64{1, 2, 3}, strings: []string{"/bin/x", ""}},
		{kind: mOrder, numbers: []int64{1, 2, 3, 2}, strings: []string{"/bin/x", "", "x"}},
		{kind: mOrder, numbers: []int64{1, 2, 3, -1}, strings: []string{"/bin/x", "", "x"}},
		{kind: mOrder, numbers: []int64{1, 2, 3, math.MaxInt64}, strings: []string{"/bin/x", "", "x"}},
	} {
		if _, _, ok, err := cut(m.appendTo(nil)); ok || !errors.Is(err, errMessage) {
			t.Errorf("%+v: accepted %v, error %v, want errMessage", m, ok, err)
		}
	}
}

func TestOrderArrivesAsItWasSent(t *testing.T) {
	for _, want := range []Order{
		{Path: "/bin/x", Dir: "/srv/app", Args: []string{"x", "y"}, Env: []string{"A=1"}, Lease: 1, Grace: 2, Margin: 3},
		{Path: "/bin/x", Args: []string{}, Env: []string{}},
		{Path: "/bin/x", Args: []string{"x"}, Env: []string{}},
	} {
		m, _, ok, err := cut(want.message().appendTo(nil))
		if !ok || err != nil {
			t.Fatalf("%+v: %v", want, err)
		}
		if diff := cmp.Diff(want, m.order()); diff != "" {
			t.Error(diff)
		}
	}
}

func FuzzCut(f *testing.F) {
	f.Add(message{kind: mExited, numbers: []int64{1, 2, 3}, strings: []string{"x"}}.appendTo(nil))
	f.Add(message{kind: mOrder, numbers: []int64{1, 2, 3, 9}, strings: []string{"x", ""}}.appendTo(nil))
	f.Add([]byte{9, 0, 0, 0, 1, 255, 255, 255, 255, 0, 0, 0, 0})
	f.Add([]byte{255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, rest, ok, err := cut(b)
		if err != nil && !errors.Is(err, errMessage) {
			t.Errorf("error %v, want errMessage", err)
		}
		if !ok {
			return
		}
		if m.kind == mOrder {
			m.order()
		}
		if again := m.appendTo(nil); string(again) != string(b[:len(b)-len(rest)]) {
			t.Errorf("%x was read as %x", b, again)
		}
	})
}
