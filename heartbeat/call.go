package heartbeat

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// kind says which method of the registry a call is to.
type kind string

const (
	callRegister     kind = "register"
	callBeat         kind = "beat"
	callUnregister   kind = "unregister"
	callView         kind = "view"
	callDeleteOrphan kind = "delete orphan"
	callBeginTerm    kind = "begin term"
	callEndTerm      kind = "end term"
	callCandidate    kind = "candidate"
	callClaimant     kind = "claimant"
	callSilent       kind = "silent"
)

// call is one request to the registry. It is an action, and part of the event
// that answers it.
type call struct {
	kind    kind
	seq     int64         // unique within a machine
	sent    time.Duration // local instant, never after the request left
	timeout time.Duration

	id     uuid.UUID          // register, beat, unregister, deleteOrphan; endTerm: the holder
	status registry.Status    // beat
	in     *registry.Instance // register
	beat   int64              // deleteOrphan
	term   *registry.Term     // beginTerm
	number int64              // endTerm; deleteOrphan: the holder's term, 0 for another; claimant: the latest term; candidate: the vacant or my own
	end    registry.End       // endTerm
	time   time.Time          // candidate, silent: the registry's clock
	within time.Duration      // candidate, silent: how far from it those beat that are there
	except []uuid.UUID        // candidate
	peer   bool               // candidate: to try the work of my term, which fails
	past   bool               // endTerm, unregister: nobody waits for it
}

// inPast is the end of something that nobody waits for any more: it goes aside.
func (c call) inPast() *call {
	c.past = true
	return &c
}

// do carries the call out.
func (c call) do(ctx context.Context, r registry.Registry, group string) answer {
	a := answer{call: c}
	switch c.kind {
	case callRegister:
		a.at, a.err = r.Register(ctx, *c.in)
	case callBeat:
		a.at, a.err = r.Beat(ctx, c.id, c.status)
	case callUnregister:
		a.err = r.Unregister(ctx, c.id)
	case callView:
		a.view, a.err = r.View(ctx, group)
	case callDeleteOrphan:
		a.deleted, a.err = r.DeleteOrphan(ctx, c.id, c.beat)
	case callBeginTerm:
		a.err = r.BeginTerm(ctx, *c.term)
	case callEndTerm:
		a.err = r.EndTerm(ctx, group, c.number, c.id, c.end)
	case callCandidate:
		var senior registry.Instance
		senior, a.err = r.Candidate(ctx, group, c.time, c.within, c.except...)
		a.senior = senior.ID
	case callClaimant:
		a.claimant, a.err = r.Claimant(ctx, group, c.number)
	case callSilent:
		a.silent, a.err = r.Silent(ctx, group, c.time, c.within)
	}
	return a
}
