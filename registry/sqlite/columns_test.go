package sqlite

import (
	"bytes"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/registrytest"
)

// The conditions in SQL select exactly those records that can be decoded.
func TestColumns_ConditionsAgreeWithDecoding(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "registry.db"))
	in := join(t, r, "g")
	beginTerm(t, r, 1, in)
	values := []any{nil, "", "garbage", "1", anID, strings.ToUpper(anID), "{" + anID + "}", anID + " ", anID + "\x00", uuid.Nil.String(),
		strings.ReplaceAll(anID, "a", "g"), []byte(anID), []byte{}, 1.0, 2.5, -1.0, math.Inf(1), math.NaN(),
		int64(-1), int64(0), int64(1), int64(2), int64(7), int64(registry.MaxTerm), int64(registry.MaxTerm + 1), int64(math.MaxInt64), int64(math.MinInt64),
		int64(latestDate - 1), int64(latestDate), aTime, strings.Repeat("x", 5000), bytes.Repeat([]byte{1}, 5000)}
	sound, unsound := 0, 0
	agree := func(table, column, condition string, value any, decode func(c *conn) error) {
		t.Helper()
		type answers struct{ sql, decoded bool }
		undone := fmt.Errorf("nothing of it stays")
		var got answers
		_, err := writing(t.Context(), r, ofInstances, func(c *conn) (none int, err error) {
			if _, err := c.Change(`UPDATE `+table+` SET `+column+` = ?`, value); err != nil {
				if strings.Contains(err.Error(), "NOT NULL") {
					return 0, nil
				}
				return 0, err
			}
			if err := c.Each(func(scan func(...any) error) error { return scan(&got.sql) }, `SELECT `+condition+` FROM `+table); err != nil {
				return 0, err
			}
			got.decoded = decode(c) == nil
			if got.sql != got.decoded {
				t.Errorf("%s.%s = %.40v (%T): SQL says %v, decoding %v", table, column, value, value, got.sql, got.decoded)
			}
			if got.sql {
				sound++
			} else {
				unsound++
			}
			return 0, undone
		})
		if err != nil && !strings.Contains(err.Error(), undone.Error()) {
			t.Fatal(err)
		}
	}
	for _, value := range values {
		for column := range strings.SplitSeq(instanceColumns, ", ") {
			if column == `"group"` {
				continue // it is compared with a name
			}
			agree("instances", column, isSoundInstance, value, func(c *conn) error { _, err := c.instances(""); return err })
		}
		for column := range strings.SplitSeq(termColumns, ", ") {
			if column == `"group"` {
				continue
			}
			agree("terms", column, isSoundTerm, value, func(c *conn) error {
				return c.eachTerm(func(row termRow) error { _, err := row.decode(); return err }, "")
			})
		}
	}
	if sound < 100 || unsound < 100 {
		t.Errorf("of the records, %d were sound and %d were not: want 100 or more of each", sound, unsound)
	}
}

// Whatever is stored, reading it takes little memory.
func TestColumns_HugeValuesAreNotLoaded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	r := open(t, path)
	const huge, records, fair = 1 << 20, 2, 1 << 18
	var ids []uuid.UUID
	for n := range int64(records) {
		in := join(t, r, "g")
		ids = append(ids, in.ID)
		beginTerm(t, r, n+1, in)
	}
	for name, value := range map[string]any{"a text": strings.Repeat("x", huge), "bytes": bytes.Repeat([]byte{0x80}, huge),
		"a text that is one character to SQLite": "\xff" + strings.Repeat("\x80", huge), "a text that ends at once": "\x00" + strings.Repeat("x", huge)} {
		for _, column := range []string{"host", "beat", "reason", "holder", "group"} {
			t.Run(column+" is "+name, func(t *testing.T) {
				for i, id := range ids {
					switch column {
					case "host", "beat", "group":
						spoil(t, path, registrytest.Record{ID: id}, column, value)
					}
					if column != "beat" && column != "group" {
						spoil(t, path, registrytest.Record{Group: "g", Term: int64(i) + 1}, column, value)
					}
				}
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, _ = r.View(t.Context(), "g")
				_, _, _ = r.Instances(t.Context(), "g")
				_, _ = r.Candidate(t.Context(), "g", time.Now(), time.Hour)
				_, _ = r.Claimant(t.Context(), "g", 0)
				_, _ = r.Silent(t.Context(), "g", time.Now().Add(time.Hour), time.Minute)
				_, _ = r.Terms(t.Context(), "g", 100)
				_, _ = r.Groups(t.Context())
				runtime.ReadMemStats(&after)
				if got := after.TotalAlloc - before.TotalAlloc; got > fair {
					t.Errorf("it allocated %d bytes", got)
				}
			})
			for i, id := range ids { // as before
				for column, value := range map[string]any{"host": "h", "beat": int64(0), "group": "g"} {
					spoil(t, path, registrytest.Record{ID: id}, column, value)
				}
				for column, value := range map[string]any{"host": "h", "reason": nil, "holder": id.String()} {
					spoil(t, path, registrytest.Record{Group: "g", Term: int64(i) + 1}, column, value)
				}
			}
		}
	}
}

// However many records cannot be read, those that can be read are found.
func TestQueries_UnreadableRecordsHideNoOthers(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "registry.db"))
	if _, err := writing(t.Context(), r, ofInstances, func(c *conn) (n int64, err error) {
		for range 2 * registry.MaxSilent {
			id := uuid.Must(uuid.NewV7()).String()
			_, err = c.Change(`INSERT INTO instances (`+instanceColumns+`) VALUES (?, 'g', 'h', 1, 'v', 1, 'many', 1, 'active', 9, 1, 1, 1, 9, 'c', 1)`, id)
			if err != nil {
				return 0, err
			}
			if _, err = c.Change(`INSERT INTO terms ("group", number, holder) VALUES ('g', ?, ?)`, "x"+id, id); err != nil {
				return 0, err
			}
		}
		return 0, nil
	}); err != nil {
		t.Fatal(err)
	}
	in := join(t, r, "g")
	for n := range int64(5) {
		beginTerm(t, r, n+1, in)
	}
	at := time.Now()
	list, err := r.Silent(t.Context(), "g", at.Add(time.Hour), time.Minute)
	if !registry.Unreadable(err) || len(list) != 1 || list[0].ID != in.ID {
		t.Errorf("Silent: %d of them, %v; want the one and ErrCorrupt", len(list), err)
	}
	if got, err := r.Candidate(t.Context(), "g", at, time.Hour); err != nil || got.ID != in.ID {
		t.Errorf("Candidate: %v, %v", got.ID, err)
	}
	terms, err := r.Terms(t.Context(), "g", 3)
	if !registry.Unreadable(err) || len(terms) != 3 || terms[0].Number != 5 || terms[2].Number != 3 {
		t.Errorf("Terms: %+v, %v; want 5, 4, 3 and ErrCorrupt", terms, err)
	}
}

func TestSilent_IsBoundedAndBeginsWithTheEarliest(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "registry.db"))
	const all = registry.MaxSilent + 50
	if _, err := writing(t.Context(), r, ofInstances, func(c *conn) (n int64, err error) {
		for i := range all {
			_, err = c.Change(`INSERT INTO instances (`+instanceColumns+`) VALUES (?, 'g', 'h', 1, 'v', 1, 1, ?, 'passive', 0, 1, 1, 1, 9, 'c', 1)`,
				uuid.Must(uuid.NewV7()).String(), all-i)
			if err != nil {
				return 0, err
			}
		}
		return 0, nil
	}); err != nil {
		t.Fatal(err)
	}
	list, err := r.Silent(t.Context(), "g", time.Now(), time.Minute)
	if err != nil || len(list) != registry.MaxSilent {
		t.Fatalf("Silent: %d of them, %v", len(list), err)
	}
	if !slices.IsSortedFunc(list, func(a, b registry.Instance) int { return a.Heartbeat.Compare(b.Heartbeat) }) ||
		list[0].Heartbeat.UnixMicro() != 1 || list[len(list)-1].Heartbeat.UnixMicro() != registry.MaxSilent {
		t.Errorf("from %v to %v: want the earliest first", list[0].Heartbeat, list[len(list)-1].Heartbeat)
	}
}

// A query of a group reads the records of that group, and not the whole file.
func TestQueries_OfAGroupUseAnIndex(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "registry.db"))
	in := join(t, r, "g")
	beginTerm(t, r, 1, in)
	_, _ = r.View(t.Context(), "g")
	_, _ = r.Candidate(t.Context(), "g", time.Now(), time.Hour)
	_, _ = r.Claimant(t.Context(), "g", 0)
	_, _ = r.Silent(t.Context(), "g", time.Now(), time.Hour)
	_, _, _ = r.Instances(t.Context(), "g")
	_, _ = r.Terms(t.Context(), "g", 3)
	_, _ = r.Beat(t.Context(), in.ID, in.Status)
	_ = r.EndTerm(t.Context(), "g", 1, in.ID, registry.End{})
	seen := 0
	for _, text := range prepared(t, r) {
		if !strings.Contains(text, "WHERE") || strings.Contains(text, "pragma_") {
			continue
		}
		seen++
		plan, err := reading(t.Context(), r, func(c *conn) (plan []string, err error) {
			err = c.Each(func(scan func(dest ...any) error) error {
				var id, parent, unused int
				var detail string
				err := scan(&id, &parent, &unused, &detail)
				plan = append(plan, detail)
				return err
			}, "EXPLAIN QUERY PLAN "+text, make([]any, strings.Count(text, "?"))...)
			return plan, err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, detail := range plan {
			if strings.HasPrefix(detail, "SCAN instances") || strings.HasPrefix(detail, "SCAN terms") {
				t.Errorf("%s\n%s", detail, text)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d statements were seen", seen)
	}
}
