package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// chooseTarget returns the instance that is to take over from the active one of a group.
// Its UUID is uuid.Nil if the senior one is to take over, whichever that is. It may be
// the active one itself. With force, the warning says what that may cost; t is how long
// the active one will not compete.
func chooseTarget(g status.Group, to string, force bool, t time.Duration) (target status.Instance, warning string, err error) {
	if len(g.Instances) == 0 || g.Instances[0].Role != registry.Active || g.Instances[0].Silent {
		return target, "", fmt.Errorf("no instance in group %q would read the request: %s", g.Name, g.Health)
	}
	active, others := g.Instances[0], g.Instances[1:]
	able := slices.ContainsFunc(others, func(in status.Instance) bool { return !in.Silent && !in.HoldingOff })
	var refused *refusal
	if to != "" {
		if target, err = find(g.Instances, to); err != nil || target.ID == active.ID {
			return target, "", err
		}
		refused = unable(target)
	} else if !able {
		refused = nobodyElse(others)
	}
	switch {
	case refused == nil:
		return target, "", nil
	case !force:
		return target, "", fmt.Errorf("%w; --force asks anyway", refused)
	case able:
		return target, fmt.Sprintf("warning: %s, so another may take over instead", refused.why), nil
	}
	return target, fmt.Sprintf("warning: %s, so nobody works for up to %v", refused.why, status.Seconds(t)), nil
}

// refusal is why the instance that is wanted, or any instance, would not take over.
type refusal struct {
	why      string
	more     string // what to do, or what causes it
	holdsOff bool   // it holds off, which may be over soon
}

func (r *refusal) Error() string {
	if r.more == "" {
		return r.why
	}
	return r.why + ": " + r.more
}

// holdingOff explains why an instance that holds off does not take over.
const holdingOff = "it handed over or failed before, and does not compete until another is active"

// unable returns why an instance would not take over, or nil.
func unable(in status.Instance) *refusal {
	switch {
	case in.Ahead > 0:
		return &refusal{why: fmt.Sprintf("%s was not seen to beat since the registry's clock was set back", status.Name(in.Host, in.ID))}
	case in.Silent:
		return &refusal{why: fmt.Sprintf("%s has not beaten for %v", status.Name(in.Host, in.ID), in.Age)}
	case in.HoldingOff:
		return &refusal{why: status.Name(in.Host, in.ID) + " holds off", more: holdingOff, holdsOff: true}
	}
	return nil
}

// nobodyElse returns why none of the others would take over, and what to do.
func nobodyElse(others []status.Instance) *refusal {
	const cure = "start another instance"
	silent := 0
	for _, in := range others {
		if in.Silent {
			silent++
		}
	}
	const none = "no other instance can take over"
	switch holding := len(others) - silent; {
	case len(others) == 0:
		return &refusal{why: "nobody else is there to take over", more: cure}
	case holding == 0:
		return &refusal{why: fmt.Sprintf("%s (silent: %d)", none, silent), more: cure}
	default:
		why := fmt.Sprintf("%s (silent: %d, holding off: %d)", none, silent, holding)
		return &refusal{why: why, more: cure + ", or wait (" + holdingOff + ")", holdsOff: true}
	}
}

// find returns the instance that a text names: by its UUID, by registry.ShortDigits or
// more of it from its end or its beginning, by its host, or as in the log, HOST/DIGITS.
func find(list []status.Instance, text string) (status.Instance, error) {
	found := matching(list, func(in status.Instance) bool { return named(in, text) })
	if i := strings.LastIndexByte(text, '/'); i >= 0 && len(found) == 0 {
		host, digits := text[:i], text[i+1:]
		found = matching(list, func(in status.Instance) bool {
			return strings.EqualFold(in.Host, host) && numbered(in.ID, digits)
		})
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return status.Instance{}, fmt.Errorf("no instance is called %q; there are %s", text, enumerate(list))
	}
	return status.Instance{}, fmt.Errorf("%q is the name of %d instances, say which: %s", text, len(found), enumerate(found))
}

func matching(list []status.Instance, ok func(status.Instance) bool) (found []status.Instance) {
	for _, in := range list {
		if ok(in) {
			found = append(found, in)
		}
	}
	return found
}

func named(in status.Instance, text string) bool {
	return strings.EqualFold(in.Host, text) || numbered(in.ID, text)
}

// numbered reports whether digits are a UUID, or enough of its digits.
func numbered(id uuid.UUID, digits string) bool {
	plain := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "-", "")) }
	all, part := plain(id.String()), plain(digits)
	return len(part) >= registry.ShortDigits && (strings.HasPrefix(all, part) || strings.HasSuffix(all, part))
}

// enumerate lists instances by their UUIDs and hosts.
func enumerate(list []status.Instance) string {
	const limit = 20
	var names []string
	for _, in := range list[:min(len(list), limit)] {
		name := in.ID.String()
		if in.Host != "" {
			name += " on " + in.Host
		}
		names = append(names, name)
	}
	if more := len(list) - limit; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}
