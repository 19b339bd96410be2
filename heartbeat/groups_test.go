package heartbeat

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// groups is one registry of several groups, each of which may suffer by itself.
type groups struct {
	mu    sync.Mutex
	group map[string]*flaky
	of    map[uuid.UUID]*flaky // by registration
}

func newGroups(names ...string) *groups {
	g := &groups{group: map[string]*flaky{}, of: map[uuid.UUID]*flaky{}}
	for _, name := range names {
		g.group[name] = &flaky{store: newStore(time.Now)}
	}
	return g
}

// named returns the group of a name. Asking for any other group fails the test.
func (g *groups) named(name string) *flaky {
	if f, ok := g.group[name]; ok {
		return f
	}
	panic("no group " + name)
}

func (g *groups) owner(id uuid.UUID) *flaky {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.of[id]
}

func (g *groups) Register(ctx context.Context, in registry.Instance) (registry.Ack, error) {
	f := g.named(in.Group)
	g.mu.Lock()
	g.of[in.ID] = f
	g.mu.Unlock()
	return f.Register(ctx, in)
}

func (g *groups) Beat(ctx context.Context, id uuid.UUID, s registry.Status) (registry.Ack, error) {
	return g.owner(id).Beat(ctx, id, s)
}

func (g *groups) Mark(ctx context.Context, id uuid.UUID, term int64) error {
	if f := g.owner(id); f != nil {
		return f.Mark(ctx, id, term)
	}
	return nil
}

func (g *groups) Unregister(ctx context.Context, id uuid.UUID) error {
	return g.owner(id).Unregister(ctx, id)
}

func (g *groups) View(ctx context.Context, group string, except ...uuid.UUID) (registry.View, error) {
	return g.named(group).View(ctx, group, except...)
}

func (g *groups) DeleteOrphan(ctx context.Context, id uuid.UUID, beat int64) (bool, error) {
	return g.owner(id).DeleteOrphan(ctx, id, beat)
}

func (g *groups) BeginTerm(ctx context.Context, t registry.Term) error {
	return g.named(t.Group).BeginTerm(ctx, t)
}

func (g *groups) EndTerm(ctx context.Context, group string, number int64, holder uuid.UUID, end registry.End) error {
	return g.named(group).EndTerm(ctx, group, number, holder, end)
}

func (g *groups) Candidate(ctx context.Context, group string, at time.Time, within time.Duration, except ...uuid.UUID) (registry.Instance, error) {
	return g.named(group).Candidate(ctx, group, at, within, except...)
}

func (g *groups) Claimant(ctx context.Context, group string, above int64) (registry.Instance, error) {
	return g.named(group).Claimant(ctx, group, above)
}

func (g *groups) Silent(ctx context.Context, group string, at time.Time, within time.Duration) ([]registry.Instance, error) {
	return g.named(group).Silent(ctx, group, at, within)
}

func (g *groups) Watch(ctx context.Context, group string) (<-chan registry.Notice, error) {
	return g.named(group).Watch(ctx, group)
}

func (g *groups) Close(context.Context) error { return nil }

// The members of several groups share one registry and one process each. One group
// suffers for half an hour; the others must not notice.
func TestMember_GroupsOfOneRegistryDoNotDisturbEachOther(t *testing.T) {
	const width, spans = 3, 180
	for seed := range uint64(3) {
		synctest.Test(t, func(t *testing.T) {
			dice := rand.New(rand.NewPCG(seed, 0))
			s := newScenario(t)
			names := []string{"a", "b", "c"}
			reg := newGroups(names...)
			members := map[string][]*testMember{}
			join := func(name string) *testMember {
				return s.join(func(c *Config) { c.Registry, c.Group = reg, name })
			}
			for _, name := range names {
				for range width {
					members[name] = append(members[name], join(name))
				}
			}
			active := func(name string) (n int) {
				for _, a := range members[name] {
					if a.works() > 0 {
						n++
					}
				}
				return n
			}
			quiet, calm := names[2], 0 // nothing fateOfKinds this one
			for range spans {
				name := names[dice.IntN(2)]
				f := reg.named(name)
				switch dice.IntN(5) {
				case 0:
					f.set(nil)
				case 1:
					kinds := []kind{kindBeat, kindView, kindBeginTerm, kindEndTerm, kindDeleteOrphan, kindCandidate, kindClaimant, kindSilent, kindRegister}
					bad, what := kinds[dice.IntN(len(kinds))], []fate{hung, broke, lost}[dice.IntN(3)]
					f.set(func(k kind, _ registry.Instance) fate {
						if k == bad {
							return what
						}
						return fine
					})
				case 2:
					f.requestHandover(f.latest().Number, uuid.Nil)
				case 3:
					i := dice.IntN(width)
					members[name][i].leave()
					<-members[name][i].done
					members[name][i] = join(name)
				case 4:
					f.set(failRequests(kindBeat, kindView))
				}
				for range 100 {
					time.Sleep(100 * time.Millisecond)
					synctest.Wait()
					for _, name := range names {
						if n := active(name); n > 1 {
							t.Fatalf("seed %d: %d work in group %s", seed, n, name)
						}
					}
					if active(quiet) == 1 {
						calm++
					}
				}
			}
			if reg.named(quiet).latest().Number != 1 || calm < spans*100-50 {
				t.Errorf("seed %d: the group that was left alone is in term %d, and worked at %d of %d instants", seed, reg.named(quiet).latest().Number, calm, spans*100)
			}
			for _, name := range names {
				reg.named(name).set(nil)
			}
			var all []*testMember
			for _, name := range names {
				s.until(5*time.Minute, fmt.Sprintf("one works in group %s", name), func() bool { return active(name) == 1 })
				all = append(all, members[name]...)
				for _, term := range reg.named(name).terms {
					if term.Group != name {
						t.Errorf("group %s has a term of %s", name, term.Group)
					}
				}
			}
			s.leaveAll(all...)
		})
	}
}
