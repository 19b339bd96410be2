package jobs

import (
	"testing"
	"time"
)

// The hashes are stored in registries. If one of them changes, the first start of the new
// version loses the slots that were missed meanwhile.
func TestHash_StaysTheSame(t *testing.T) {
	berlin := time.FixedZone("", 3600)
	for _, tt := range []struct {
		name, want string
		d          Definition
	}{
		{"nothing", "a8937e52a22db59cc52efba7444cb3d1", Definition{Name: "a"}},
		{"schedules", "fb44fdcce773c81145aec0765a7c5969", Definition{Name: "a", Schedules: []string{"30 2 * * *", "@hourly"}, Zone: "Europe/Berlin"}},
		{"an instant", "048f40fed2ff2539e1d57bff836cdd5c", Definition{Name: "a", At: time.Date(2027, 1, 1, 0, 0, 0, 0, berlin)}},
		{"disabled", "9464f9f3879a9034a5e20e360aea90cd", Definition{Name: "a", Disabled: true}},
	} {
		if got := tt.d.Hash(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestHash_TellsWhichSlotsThereAre(t *testing.T) {
	base := Definition{Name: "a", Schedules: []string{"30 2 * * mon", "@hourly"}, Zone: "Europe/Berlin"}
	for name, d := range map[string]Definition{
		"order":    {Schedules: []string{"@hourly", "30 2 * * mon"}, Zone: "Europe/Berlin"},
		"twice":    {Schedules: []string{"@hourly", "30 2 * * mon", "@hourly"}, Zone: "Europe/Berlin"},
		"spaces":   {Schedules: []string{" 30  2 * *\tMON ", "@hourly"}, Zone: "Europe/Berlin"},
		"the rest": {Name: "b", Schedules: base.Schedules, Zone: base.Zone, Timeout: 5, Retries: Retries{Max: 3}, Missed: Missed{Policy: MissedAll}, Description: "x", OnFinish: "https://x", Overlap: OverlapAllow},
	} {
		if d.Hash() != base.Hash() {
			t.Errorf("%s: another hash, but the slots are the same", name)
		}
	}
	utc, named := Definition{Schedules: []string{"@daily"}}, Definition{Schedules: []string{"@daily"}, Zone: "UTC"}
	if utc.Hash() != named.Hash() {
		t.Error("the default has another hash than its value")
	}
	at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	if (Definition{At: at}).Hash() != (Definition{At: at.In(time.FixedZone("", 7200)), Zone: "Asia/Tokyo"}).Hash() {
		t.Error("one instant has two hashes")
	}
	seen := map[string]string{base.Hash(): "base"}
	for name, d := range map[string]Definition{
		"zone":      {Schedules: base.Schedules, Zone: "Europe/Paris"},
		"one less":  {Schedules: base.Schedules[:1], Zone: base.Zone},
		"one more":  {Schedules: append([]string{"@daily"}, base.Schedules...), Zone: base.Zone},
		"other":     {Schedules: []string{"31 2 * * mon", "@hourly"}, Zone: base.Zone},
		"disabled":  {Schedules: base.Schedules, Zone: base.Zone, Disabled: true},
		"at":        {At: at},
		"at later":  {At: at.Add(time.Nanosecond)},
		"none":      {},
		"two lines": {Schedules: []string{"30 2 * * mon\"\nschedule \"@hourly"}, Zone: base.Zone},
	} {
		if other, twice := seen[d.Hash()]; twice {
			t.Errorf("%s has the hash of %s", name, other)
		}
		seen[d.Hash()] = name
	}
}
