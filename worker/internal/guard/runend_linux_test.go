package guard

import (
	"testing"

	"github.com/understudy-go/understudy/internal/lastwill"
)

func TestServer_SaysForTheLastWillHowARunEnded(t *testing.T) {
	stopped := &signals{}
	stopped.stoppedAt.Store(1)
	for _, test := range []struct {
		name string
		s    server
		code int
		dies bool
		want lastwill.How
	}{
		{"it exited", server{execution: execution{why: Itself, endedFirst: true}}, 0, false, lastwill.Itself},
		{"it failed", server{execution: execution{why: Itself, endedFirst: true}}, 3, false, lastwill.Itself},
		{"it left something behind", server{execution: execution{why: Itself, endedFirst: true, left: 2}}, 0, false, lastwill.Itself},
		{"somebody killed a part of it long ago", server{execution: execution{why: Itself, endedFirst: true, lost: 2}}, 0, false, lastwill.Itself},
		{"it timed out", server{execution: execution{why: TimedOut}}, 143, false, lastwill.TimedOut},
		{"it timed out, and had its grace until Understudy died", server{execution: execution{why: TimedOut}}, 137, true, lastwill.TimedOut},
		{"the lease ended", server{execution: execution{why: Expired}}, 143, false, lastwill.LeaseEnded},
		{"it was told to stop", server{execution: execution{why: Asked}}, 143, false, lastwill.Told},
		{"it was told to stop, and Understudy died", server{execution: execution{why: Asked}}, 137, true, lastwill.Told},
		{"it was to be killed", server{killOrdered: true, execution: execution{why: Itself}}, 137, true, lastwill.Told},
		{"everybody was told to stop", server{execution: execution{why: Outside}}, 143, false, lastwill.Told},
		{"everybody was told to stop, and Understudy died", server{signals: stopped, execution: execution{why: Asked, abandoned: true}}, 0, true, lastwill.Told},
		{"Understudy died", server{execution: execution{why: Asked, abandoned: true}}, 137, true, lastwill.Abandoned},
		{"Understudy died, and a message came before", server{execution: execution{why: Asked, abandoned: true}}, 137, false, lastwill.Abandoned},
		{"Understudy died, and its tie was faster", server{execution: execution{why: Itself}}, 137, true, lastwill.Abandoned},
		{"Understudy died, and it did not like that", server{execution: execution{why: Itself}}, 1, true, lastwill.Abandoned},
		{"it failed just before", server{execution: execution{why: Asked, abandoned: true, endedFirst: true}}, 1, true, lastwill.Abandoned},
		{"it exited just before", server{execution: execution{why: Asked, abandoned: true, endedFirst: true}}, 0, true, lastwill.Itself},
		{"it exited just before, and the rest was killed", server{execution: execution{why: Asked, abandoned: true, endedFirst: true, left: 1}}, 0, true, lastwill.Abandoned},
		{"it exited just before, and a tie killed the rest", server{execution: execution{why: Itself, endedFirst: true, lost: 1}}, 0, true, lastwill.Abandoned},
		{"it exited just before, in a PID namespace", server{namespace: &namespace{}, execution: execution{why: Asked, abandoned: true, endedFirst: true}}, 0, true, lastwill.Abandoned},
		{"it exited when Understudy was dead", server{execution: execution{why: Asked, abandoned: true}}, 0, true, lastwill.Abandoned},
	} {
		if test.s.signals == nil {
			test.s.signals = &signals{}
		}
		if got := test.s.how(test.code, test.dies); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}
