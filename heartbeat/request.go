package heartbeat

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// kind says which method of the registry a request calls.
type kind string

const (
	kindRegister     kind = "register"
	kindBeat         kind = "beat"
	kindUnregister   kind = "unregister"
	kindView         kind = "view"
	kindDeleteOrphan kind = "delete orphan"
	kindBeginTerm    kind = "begin term"
	kindEndTerm      kind = "end term"
	kindCandidate    kind = "candidate"
	kindClaimant     kind = "claimant"
	kindSilent       kind = "silent"
	kindMark         kind = "mark"
)

// purpose says whom a search for a candidate is for.
type purpose int

const (
	forTakeover  purpose = iota // who takes over after the vacant term
	forSuccessor                // who comes next after the own term
	forPlace                    // whether this instance comes next after a peer's term
	forPeer                     // a peer that tries the work of the own term, which fails
)

// request is one call of the machine to the registry. It is an action, and part of
// the event that answers it. The fields from id on are for the kinds that they name.
type request struct {
	kind    kind
	seq     int64         // unique within a machine; 0: not sent
	sent    time.Duration // local instant, never later than the request left
	timeout time.Duration

	id     uuid.UUID          // register, beat, unregister, deleteOrphan, mark; endTerm: the holder; view: this instance
	status registry.Status    // beat
	in     *registry.Instance // register
	beat   int64              // deleteOrphan
	term   *registry.Term     // beginTerm
	number int64              // endTerm; deleteOrphan: the holder's term, 0: it holds none; claimant: the latest term; candidate: the vacant term, the own one or a peer's; mark: the mark
	end    registry.End       // endTerm
	time   time.Time          // candidate, silent: the registry's clock
	within time.Duration      // candidate, silent: how far from it those have beaten who are alive
	except []uuid.UUID        // candidate
	search purpose            // candidate
	past   bool               // endTerm, unregister: nobody waits for it
}

// endOf returns the request that ends a term, if it is the holder's and open.
func endOf(number int64, holder uuid.UUID, end registry.End) request {
	return request{kind: kindEndTerm, id: holder, number: number, end: end}
}

// inPast returns the request as one that ends something nobody waits for any more.
func (r request) inPast() *request {
	r.past = true
	return &r
}

// inBackground reports whether the election does not depend on the request: it is a
// hint, or it cleans up. Such requests wait for each other, and for nothing else.
func (r request) inBackground() bool {
	switch r.kind {
	case kindCandidate, kindSilent, kindMark:
		return true
	case kindDeleteOrphan:
		return r.number == 0
	case kindEndTerm, kindUnregister:
		return r.past
	}
	return false
}

// forTakeover reports whether the request searches for who takes over.
func (r request) forTakeover() bool { return r.kind == kindCandidate && r.search == forTakeover }

// informsNext reports whether the request is for the sake of the one that comes next.
func (r request) informsNext() bool {
	return r.kind == kindMark || r.kind == kindCandidate && r.search == forSuccessor
}

// do carries the request out.
func (r request) do(ctx context.Context, reg registry.Registry, group string) answer {
	a := answer{request: r}
	switch r.kind {
	case kindRegister:
		ack, err := reg.Register(ctx, *r.in)
		a.at, a.listen, a.err = ack.At, ack.Listen, err
	case kindBeat:
		ack, err := reg.Beat(ctx, r.id, r.status)
		a.at, a.listen, a.err = ack.At, ack.Listen, err
	case kindUnregister:
		a.err = reg.Unregister(ctx, r.id)
	case kindView:
		a.view, a.err = reg.View(ctx, group, r.id)
	case kindDeleteOrphan:
		a.deleted, a.err = reg.DeleteOrphan(ctx, r.id, r.beat)
	case kindBeginTerm:
		a.err = reg.BeginTerm(ctx, *r.term)
	case kindEndTerm:
		a.err = reg.EndTerm(ctx, group, r.number, r.id, r.end)
	case kindCandidate:
		var senior registry.Instance
		senior, a.err = reg.Candidate(ctx, group, r.time, r.within, r.except...)
		a.senior, a.listen = senior.ID, senior.Listen
	case kindMark:
		a.err = reg.Mark(ctx, r.id, r.number)
	case kindClaimant:
		a.claimant, a.err = reg.Claimant(ctx, group, r.number)
	case kindSilent:
		a.silent, a.err = reg.Silent(ctx, group, r.time, r.within)
	}
	return a
}
