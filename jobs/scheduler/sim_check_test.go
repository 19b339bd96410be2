package scheduler

import (
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// simNoticed is within how much time a holder that reaches the store notices what people want.
const simNoticed = 30 * time.Second

// checkStart looks at an attempt that is about to start.
func (w *world) checkStart(h *simHolder, r store.Run) {
	stored := w.store.runs[r.Key]
	switch {
	case w.now >= h.lease-simGrace:
		w.fail("%s starts with %v left of the lease", r.Key, h.lease-w.now)
	case h.drains:
		w.fail("%s starts in a drain", r.Key)
	case w.started[simAttemptID{r.Key, r.Attempt}]:
		w.fail("%s attempt %d starts again", r.Key, r.Attempt)
	case w.active[r.Key] > 0:
		w.fail("%s attempt %d starts while another one of the run is active", r.Key, r.Attempt)
	case stored.State != store.Processing || stored.Term != h.id.Term || stored.Attempt != r.Attempt:
		w.fail("%s attempt %d starts, and is not claimed: %s, term %d, attempt %d", r.Key, r.Attempt, stored.State, stored.Term, stored.Attempt)
	case len(h.live) >= simRuns:
		w.fail("%s starts beside %d others", r.Key, len(h.live))
	}
	if at, ok := w.cancels[r.Key]; ok && w.now-at > simNoticed && w.now-h.sealed > simNoticed && w.now > h.cut+simNoticed && h.fades == 0 {
		w.fail("%s attempt %d starts, and somebody cancelled it %v ago", r.Key, r.Attempt, w.now-at)
	}
	j := h.machine.jobs[r.Job]
	if !j.allows() && w.perJob[r.Job] > 0 {
		w.fail("%s starts while another run of its job is active", r.Key)
	}
	if !j.inTurn() || r.Attempt > 1 {
		return
	}
	for k := range w.store.open {
		other := w.store.runs[k]
		if k.Job != r.Job || k == r.Key || other.State != store.Waiting || other.Attempt == 0 {
			continue
		}
		if since := w.store.retrying[k]; since.term == h.id.Term && !since.person || since.at < h.sealed {
			w.fail("%s starts while %s has not ended: it waits for a retry", r.Key, k)
		}
	}
}

// checkOrder looks at a run that is about to be claimed: none of its job that comes before it
// in the queue, and has been there for a while, may be waiting.
func (w *world) checkOrder(h *simHolder, r request) {
	next, stored := r.runs[0], w.store.runs[r.runs[0].Key]
	if next.State != store.Processing || stored.Version() != r.was || stored.Attempt > 0 || w.holder != h || h.fades > 0 ||
		w.now-h.sealed < simNoticed || w.now < h.cut+simNoticed || w.now < h.frozen+simNoticed || simTolerance(w.now-w.steppedAt) > 0 {
		return
	}
	settled := w.registryTime().Add(-simNoticed)
	for k := range w.store.open {
		other := w.store.runs[k]
		if k.Job == next.Job && other.State == store.Waiting && other.Attempt == 0 && h.machine.runs[k] == nil &&
			other.At.Before(settled) && other.Due.Before(settled) && inQueue(&other, &stored) < 0 {
			w.fail("%s is claimed, and %s comes before it", next.Key, k)
		}
	}
}

// checkRequest looks at what a holder asks of the store.
func (w *world) checkRequest(h *simHolder, r request) {
	if r.kind != kindClaim {
		return
	}
	for _, run := range r.runs {
		if w.planned[run.Nonce] {
			continue // it is claimed again
		}
		w.planned[run.Nonce] = true
		if run.State == store.Skipped {
			continue
		}
		j := h.machine.jobs[run.Job].record
		if !run.Slot.After(j.Since) {
			w.fail("%s is claimed, and the definition is from %v", run.Key, j.Since)
		}
		if ahead := run.Slot.Sub(w.registryTime()); ahead > 500*time.Millisecond+simTolerance(w.now-w.steppedAt) {
			w.fail("%s is claimed %v before its time", run.Key, ahead)
		}
	}
}

// simTolerance is by how much a clock may be wrong that was set some time ago.
func simTolerance(ago time.Duration) time.Duration {
	if ago < 2*time.Minute { // nobody may have learned of it yet
		return 24 * time.Hour
	}
	return 0
}

// checkUpdate looks at a change of a run that a holder made.
func (w *world) checkUpdate(h store.Holder, before, after store.Run) {
	if before.State == store.Waiting && h.Term < w.store.sealed {
		w.fail("term %d has changed %s, which waits in term %d", h.Term, before.Key, w.store.sealed)
	}
	if before.State == store.Waiting {
		w.checkWaited(h, before, after)
	}
	ends := map[int]store.Attempt{}
	for _, a := range before.Attempts {
		ends[a.Number] = a
	}
	failures, interruptions := before.Failures, before.Interruptions
	givenBack := false
	for _, a := range after.Attempts {
		was, ok := ends[a.Number]
		id := simAttemptID{after.Key, a.Number}
		switch {
		case ok && was.End != "" && was != a:
			w.fail("%s attempt %d ended as %q, and is %q now", after.Key, a.Number, was.End, a.End)
		case was.End != "" || a.End == "":
		case a.End == store.AttemptFailed || a.End == store.AttemptTimedOut:
			failures++
		case a.End == store.AttemptExited && a.Term == h.Term && !w.willing && (!w.started[id] || w.unstarted[id]) &&
			// The second lead of a term finds the attempt of the first, and cannot know.
			(!w.again[h.Term] || after.Interruptions == before.Interruptions):
			givenBack = true
		case a.End == store.AttemptExited:
			interruptions++
		}
		if a.End != "" && was.End == "" && a.Number == after.Attempt && w.active[after.Key] > 0 {
			w.fail("%s attempt %d is recorded as %s while it runs", after.Key, a.Number, a.End)
		}
	}
	if _, defined := w.definition(after.Job); after.State == store.Cancelled && after.Cancel == nil && defined && !bySlotAlone(before) {
		w.fail("%s is cancelled (%s), and somebody asked for it", after.Key, after.Remark)
	}
	if givenBack && after.State != store.Waiting {
		w.fail("%s is %s after an attempt that was not started", after.Key, after.State)
	}
	if after.Failures != failures || after.Interruptions != interruptions {
		w.fail("%s has %d failures and %d interruptions, want %d and %d", after.Key, after.Failures, after.Interruptions, failures, interruptions)
	}
	if after.Interruptions > maxInterruptions && !after.State.Ended() {
		w.fail("%s was interrupted %d times, and goes on", after.Key, after.Interruptions)
	}
	if after.State.Ended() && !after.Open && before.State != store.Waiting {
		w.checkFollowed(after)
	}
}

// checkWaited looks at what a holder made of a run that waited.
func (w *world) checkWaited(h store.Holder, before, after store.Run) {
	if w.holder == nil || w.holder.id.Term != h.Term || w.holder.id.Instance != h.Instance || simTolerance(w.now-w.steppedAt) > 0 {
		return
	}
	j := w.holder.machine.jobs[before.Job]
	waited := w.registryTime().Sub(before.Due)
	const late = 3*time.Minute + 30*time.Second // for a request that arrives late, or was made before the definition
	switch {
	case after.State == store.Processing && before.Cancel != nil:
		w.fail("%s is claimed although it was cancelled", before.Key)
	case after.State == store.Processing && bySlotAlone(before) && before.Due.Before(j.record.Since.Add(-late)) && w.registryTime().Sub(j.record.Since) > late:
		if window := max(j.StartWithin, j.Missed.Window); waited > window+late {
			w.fail("%s is claimed, which has waited for %v since before its job's definition", before.Key, waited)
		}
		if j.Disabled && before.Attempt == 0 {
			w.fail("%s is claimed, and its job is disabled", before.Key)
		}
	case after.State == store.Skipped && !j.defined && waited < simSlotPatience-time.Minute:
		w.fail("%s is settled after %v, and its job may come back", before.Key, waited)
	}
}

// checkFollowed looks at whether what follows the end of a run was done when it is closed.
func (w *world) checkFollowed(r store.Run) {
	j, ok := w.definition(r.Job)
	if !ok {
		return
	}
	if j.OnFinish != "" && !w.told[r.Key] {
		w.fail("%s is closed, and nobody was told of its end", r.Key)
	}
	for _, name := range followers(j.Definition, r.State) {
		if w.children[r.Key.String()+" "+name] == "" {
			w.fail("%s is closed, and no run of %s follows", r.Key, name)
		}
	}
}

// checkInsert looks at a run that a holder inserted.
func (w *world) checkInsert(r store.Run) {
	if r.Parent == "" {
		return
	}
	id := r.Parent + " " + r.Job
	if first := w.children[id]; first != "" {
		w.fail("%s has the child %s, and had %s", r.Parent, r.Key, first)
	}
	w.children[id] = r.Key.String()
	k, err := store.ParseKey("g", r.Parent)
	if parent, ok := w.store.runs[k]; err != nil || !ok || !parent.State.Ended() {
		w.fail("%s is there, and its parent has not ended: %s", r.Key, parent.State)
	}
}

// checkEnd looks at what is left when nothing has disturbed the world for an hour.
func (w *world) checkEnd() {
	if w.violation != "" {
		return
	}
	end := w.registryTime()
	for k, r := range w.store.runs {
		_, defined := w.definition(k.Job)
		if r.Open && defined && r.At.Before(end.Add(-45*time.Minute)) {
			w.fail("%s is still %s, open %v, due %v", k, r.State, r.Open, r.Due)
		}
		if r.State == store.Waiting && !defined && r.Due.Before(end.Add(-55*time.Minute)) {
			w.fail("%s waits for ever: its job is not in the file", k)
		}
		if len(r.Attempts) != min(r.Attempt, store.MaxAttempts) {
			w.fail("%s has %d attempts, and remembers %d", k, r.Attempt, len(r.Attempts))
		}
		for _, a := range r.Attempts {
			if r.State.Ended() && a.End == "" {
				w.fail("%s has ended, and its attempt %d has no end", k, a.Number)
			}
		}
	}
	for k := range w.untold {
		if r, ok := w.store.runs[k]; ok && r.At.Before(end.Add(-45*time.Minute)) {
			w.fail("%s is %s by a last will, and nobody was told", k, r.State)
		}
	}
	all, _ := w.definition("all")
	for slot := w.epoch.Add(time.Minute); slot.Before(end.Add(-2 * time.Minute)); slot = all.Next(slot) {
		k := store.Key{Group: "g", Job: "all", Run: store.SlotID(slot)}
		if _, ok := w.store.runs[k]; !ok && !w.store.pruned[k] {
			w.fail("the slot %v of the job all is lost", slot)
		}
	}
}
