package cli

import (
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry"
)

func TestPatience_EndsWithTheRequestIfNobodyFollows(t *testing.T) {
	now := time.Now()
	p := newPatience(registry.DefaultTiming, now)
	if p.over(now.Add(registry.DefaultTiming.RequestLife())) {
		t.Error("over before the request has expired")
	}
	if !p.over(now.Add(p.expiry + 1)) {
		t.Error("goes on although the request has expired")
	}
}

func TestPatience_LastsWhileTheHolderBeatsAndStepsDown(t *testing.T) {
	promise := registry.DefaultTiming
	begun := time.Now()
	now, p := begun, newPatience(promise, begun)
	for beat := int64(7); beat < 3600; beat++ {
		p.stepsDown(beat, now)
		p.stepsDown(beat, now.Add(promise.Interval/2)) // the same beat again
		if now = now.Add(promise.Interval); p.over(now) {
			t.Fatalf("over at beat %d, although the holder lets its work finish", beat)
		}
		if drains := now.Sub(begun) > promise.OrphanAfter; drains != p.drains(now) {
			t.Fatalf("beat %d: lets its work finish: %v", beat, p.drains(now))
		}
	}
	if now = now.Add(promise.OrphanAfter); p.over(now) {
		t.Error("over before a peer replaces a holder that has died")
	}
	p.steppedDown(now)
	p.steppedDown(now.Add(promise.Interval))
	if p.over(now.Add(p.takeover)) || !p.over(now.Add(p.takeover+1)) {
		t.Error("does not wait for T and a little more after the end of the term")
	}
}

func TestPatience_EndsAfterTheLastBeatOfAHolderThatSteppedDown(t *testing.T) {
	now := time.Now()
	p := newPatience(registry.DefaultTiming, now)
	p.stepsDown(7, now)
	p.stepsDown(7, now.Add(p.takeover))
	if !p.over(now.Add(p.takeover + 1)) {
		t.Error("a beat that stands still counts")
	}
}
