package guard

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecoder_MessagesArriveInPiecesOfAnySize(t *testing.T) {
	want := []message{
		{kind: msgReady},
		{kind: msgExtend, numbers: []int64{-1}},
		Order{Path: "/bin/x", Args: []string{"x", "", strings.Repeat("long", 1000)}, Env: []string{"A=ä", ""}, Lease: 1, Grace: 2, Margin: 3, Limit: 4, LimitGrace: 5, Keep: true, endAt: 6}.message(),
		{kind: msgExited, run: 7, numbers: []int64{0, 255, 3, 9, 1}, strings: []string{"a\x00b"}},
	}
	var stream []byte
	for _, m := range want {
		stream = m.appendTo(stream)
	}
	for _, size := range []int{1, 3, 4096, len(stream)} {
		var d decoder
		var got []message
		for rest := stream; len(rest) > 0; {
			n := min(size, len(rest))
			if err := d.decode(rest[:n], func(m message) { got = append(got, m) }); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(message{})); diff != "" {
			t.Errorf("in pieces of %d: %s", size, diff)
		}
	}
}

// A guard of another version may send any message.
func TestCut_RefusesMessagesThatLackSomething(t *testing.T) {
	for _, m := range []message{
		{kind: 0},
		{kind: 99},
		{kind: msgRefused},
		{kind: msgStarted},
		{kind: msgNotStarted},
		{kind: msgExited, numbers: []int64{1}},
		{kind: msgExtend},
		{kind: msgStop, numbers: []int64{1, 2}},
		{kind: msgOrder, numbers: []int64{1, 2, 3, 4, 5, 1, 0, 2, 0}, strings: []string{"/bin/x"}},
		{kind: msgOrder, numbers: []int64{1, 2, 3, 4, 5, 1, 0, 2}, strings: []string{"/bin/x", ""}},
		{kind: msgOrder, numbers: []int64{1, 2, 3, 4, 5, 1, 0, 2, 2}, strings: []string{"/bin/x", "", "x"}},
		{kind: msgOrder, numbers: []int64{1, 2, 3, 4, 5, 1, 0, 2, -1}, strings: []string{"/bin/x", "", "x"}},
		{kind: msgOrder, numbers: []int64{1, 2, 3, 4, 5, 1, 0, 2, math.MaxInt64}, strings: []string{"/bin/x", "", "x"}},
	} {
		if _, _, ok, err := cut(m.appendTo(nil)); ok || !errors.Is(err, errMessage) {
			t.Errorf("%+v: accepted %v, error %v, want errMessage", m, ok, err)
		}
	}
}

func TestOrder_ArrivesAsItWasSent(t *testing.T) {
	for _, want := range []Order{
		{Path: "/bin/x", Dir: "/srv/app", Args: []string{"x", "y"}, Env: []string{"A=1"}, Lease: 1, Grace: 2, Margin: 3, Limit: 4, LimitGrace: 5, Keep: true, endAt: 6},
		{Path: "/bin/x", Args: []string{}, Env: []string{}},
		{Path: "/bin/x", Args: []string{"x"}, Env: []string{}},
	} {
		m, _, ok, err := cut(want.message().appendTo(nil))
		if !ok || err != nil {
			t.Fatalf("%+v: %v", want, err)
		}
		if diff := cmp.Diff(want, m.order(), cmp.AllowUnexported(Order{})); diff != "" {
			t.Error(diff)
		}
	}
}

func FuzzCut(f *testing.F) {
	f.Add(message{kind: msgExited, run: 1, numbers: []int64{1, 2, 3, 4, 5}, strings: []string{"x"}}.appendTo(nil))
	f.Add(message{kind: msgOrder, numbers: []int64{1, 2, 3, 4, 5, 1, 0, 2, 9}, strings: []string{"x", ""}}.appendTo(nil))
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
		if m.kind == msgOrder {
			m.order()
		}
		if again := m.appendTo(nil); string(again) != string(b[:len(b)-len(rest)]) {
			t.Errorf("%x was read as %x", b, again)
		}
	})
}

// The guard has to carry out a stop although what follows it makes no sense.
func TestDecoder_HandlesWhatCameBeforeAGarbledMessage(t *testing.T) {
	stop := message{kind: msgStop, numbers: []int64{7}}
	stream := append(stop.appendTo(nil), 1, 0, 0, 0, 99)
	for _, size := range []int{1, len(stream)} {
		var d decoder
		var got []message
		var err error
		for rest := stream; len(rest) > 0 && err == nil; rest = rest[min(size, len(rest)):] {
			err = d.decode(rest[:min(size, len(rest))], func(m message) { got = append(got, m) })
		}
		if !errors.Is(err, errMessage) || !cmp.Equal(got, []message{stop}, cmp.AllowUnexported(message{})) {
			t.Errorf("in pieces of %d: %+v, %v; want %+v, and then %v", size, got, err, stop, errMessage)
		}
	}
}
