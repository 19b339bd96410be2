package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
)

// A rule of another program that keeps a change from being made is a refusal: the term
// is not taken, and the beat is not done.
func TestChanges_RulesOfOthersAreRefusals(t *testing.T) {
	const (
		ignore  = ` BEGIN SELECT RAISE(IGNORE); END`
		refuse  = ` BEGIN SELECT RAISE(ABORT, 'not today'); END`
		undo    = ` BEGIN UPDATE instances SET beat = old.beat, heartbeat = old.heartbeat WHERE id = old.id; END`
		noTable = ` BEGIN INSERT INTO audit VALUES (1); END`
	)
	type part struct {
		r    *Registry
		in   registry.Instance
		term registry.Term
	}
	calls := map[string]func(ctx context.Context, p part) error{
		"Register": func(ctx context.Context, p part) error {
			in := p.in
			in.ID = uuid.Must(uuid.NewV7())
			_, err := p.r.Register(ctx, in)
			return err
		},
		"Beat":       func(ctx context.Context, p part) error { _, err := p.r.Beat(ctx, p.in.ID, p.in.Status); return err },
		"Unregister": func(ctx context.Context, p part) error { return p.r.Unregister(ctx, p.in.ID) },
		"DeleteOrphan": func(ctx context.Context, p part) error {
			deleted, err := p.r.DeleteOrphan(ctx, p.in.ID, 0)
			if deleted {
				t.Error("DeleteOrphan: deleted, with an error")
			}
			return err
		},
		"BeginTerm": func(ctx context.Context, p part) error {
			p.term.Number++
			return p.r.BeginTerm(ctx, p.term)
		},
		"EndTerm": func(ctx context.Context, p part) error {
			return p.r.EndTerm(ctx, p.term.Group, p.term.Number, p.term.Holder, registry.End{Reason: registry.Stopped})
		},
		"RequestHandover": func(ctx context.Context, p part) error {
			return p.r.RequestHandover(ctx, p.term.Group, p.term.Number, uuid.Nil)
		},
	}
	for _, tt := range []struct{ call, rule, says string }{
		{"Register", `CREATE UNIQUE INDEX one_host ON instances (host)`, `index "one_host" of instances`},
		{"Register", `CREATE TRIGGER t BEFORE INSERT ON instances` + ignore, `trigger "t" of instances`},
		{"Register", `CREATE TRIGGER t AFTER INSERT ON instances BEGIN DELETE FROM instances WHERE id = new.id; END`, `trigger "t" of instances`},
		{"Register", `ALTER TABLE instances RENAME TO old; CREATE VIEW instances AS SELECT * FROM old;
			CREATE TRIGGER t INSTEAD OF INSERT ON instances BEGIN SELECT 1; END`, `view "instances"`},
		{"Beat", `CREATE TRIGGER t BEFORE UPDATE ON instances` + ignore, `trigger "t" of instances`},
		{"Beat", `CREATE TRIGGER t BEFORE UPDATE ON instances` + refuse, "not today"},
		{"Beat", `CREATE TRIGGER t AFTER UPDATE ON instances` + undo, `trigger "t" of instances`},
		{"Beat", `CREATE TRIGGER t AFTER UPDATE ON instances` + noTable, `audit`},
		{"Unregister", `CREATE TRIGGER t BEFORE DELETE ON instances` + ignore, `trigger "t" of instances`},
		{"DeleteOrphan", `CREATE TRIGGER t BEFORE DELETE ON instances` + ignore, `trigger "t" of instances`},
		{"BeginTerm", `CREATE UNIQUE INDEX one_holder ON terms (holder)`, `index "one_holder" of terms`},
		{"BeginTerm", `CREATE TRIGGER t BEFORE INSERT ON terms` + ignore, `trigger "t" of terms`},
		{"BeginTerm", `CREATE TRIGGER "T 2" BEFORE INSERT ON terms` + refuse, `trigger "T 2" of terms`},
		{"BeginTerm", `CREATE TRIGGER t AFTER INSERT ON terms BEGIN UPDATE terms SET holder = 'x' WHERE number = new.number; END`, `trigger "t" of terms`},
		{"BeginTerm", `CREATE TRIGGER t AFTER INSERT ON terms BEGIN INSERT INTO terms SELECT * FROM terms; END`, `trigger "t" of terms`},
		{"EndTerm", `CREATE TRIGGER t BEFORE UPDATE ON terms` + ignore, `trigger "t" of terms`},
		{"EndTerm", `CREATE TRIGGER t BEFORE UPDATE ON terms` + refuse, `trigger "t" of terms`},
		{"RequestHandover", `CREATE TRIGGER t BEFORE UPDATE ON terms` + ignore, `trigger "t" of terms`},
	} {
		t.Run(tt.call+": "+tt.rule, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "registry.db")
			p := part{r: open(t, path)}
			p.in = join(t, p.r, "g")
			p.term = registry.Term{Group: "g", Number: 1, Holder: p.in.ID}
			if err := p.r.BeginTerm(t.Context(), p.term); err != nil {
				t.Fatal(err)
			}
			testkit.SQL(t, path, tt.rule)
			for range 2 {
				err := calls[tt.call](t.Context(), p)
				if !errors.Is(err, registry.ErrRefused) || errors.Is(err, registry.ErrTermTaken) || errors.Is(err, registry.ErrRegistered) {
					t.Fatalf("%v, want ErrRefused", err)
				}
				if !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%q does not name the path and say %q", err, tt.says)
				}
				t.Log(err)
			}
			if v, err := p.r.View(t.Context(), "g"); err != nil || v.Number() != 1 || !v.Latest.Open() || v.Holder == nil || v.Holder.Beat != 0 {
				t.Errorf("View: %+v, %v; want all as it was", v, err)
			}
		})
	}
}

// A rule that lets our changes pass does not matter.
func TestChanges_HarmlessTriggersAreLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	r := open(t, path)
	testkit.SQL(t, path, `CREATE TABLE audit (what);
		CREATE TRIGGER a AFTER INSERT ON terms BEGIN INSERT INTO audit VALUES (new.number); END;
		CREATE TRIGGER b AFTER UPDATE ON instances BEGIN INSERT INTO audit VALUES (new.beat); END`)
	in := join(t, r, "g")
	beginTerm(t, r, 1, in)
	if _, err := r.Beat(t.Context(), in.ID, in.Status); err != nil {
		t.Errorf("Beat: %v", err)
	}
	if err := r.BeginTerm(t.Context(), registry.Term{Group: "g", Number: 1, Holder: in.ID}); !errors.Is(err, registry.ErrTermTaken) {
		t.Errorf("BeginTerm of the same: %v, want ErrTermTaken", err)
	}
	if _, err := r.Register(t.Context(), in); !errors.Is(err, registry.ErrRegistered) {
		t.Errorf("Register of the same: %v, want ErrRegistered", err)
	}
}

// A column whose collation ignores case, in a file that another program made, does not
// make one group of two.
func TestQueries_CollationsMergeNoGroups(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	r := open(t, path)
	for _, table := range []string{"instances", "terms"} {
		testkit.SQL(t, path, `DROP TABLE `+table)
	}
	foreign := strings.ReplaceAll(tables, `"group", host`, `"group" COLLATE NOCASE, host`)
	foreign = strings.ReplaceAll(foreign, "\t\"group\", number", "\t\"group\" COLLATE NOCASE, number")
	if strings.Count(foreign, "NOCASE") != 2 {
		t.Fatal(foreign)
	}
	testkit.SQL(t, path, foreign)
	upper, lower := join(t, r, "A"), join(t, r, "a")
	beginTerm(t, r, 1, upper)
	if v, err := r.View(t.Context(), "a"); err != nil || v.Latest != nil {
		t.Errorf("View of a: %+v, %v; want no term", v.Latest, err)
	}
	if err := r.BeginTerm(t.Context(), registry.Term{Group: "a", Number: 1, Holder: lower.ID}); !errors.Is(err, registry.ErrRefused) {
		t.Errorf("BeginTerm: %v, want ErrRefused: its index takes both for the same", err)
	}
	beginTerm(t, r, 2, lower)
	if err := r.EndTerm(t.Context(), "a", 1, upper.ID, registry.End{Reason: registry.Stopped}); err != nil {
		t.Errorf("EndTerm: %v", err)
	}
	if err := r.RequestHandover(t.Context(), "A", 2, uuid.Nil); !errors.Is(err, registry.ErrNoTerm) {
		t.Errorf("RequestHandover: %v, want ErrNoTerm", err)
	}
	at := now()
	for in, number := range map[registry.Instance]int64{upper: 1, lower: 2} {
		v, err := r.View(t.Context(), in.Group)
		if err != nil || v.Number() != number || !v.Latest.Open() || v.Latest.Handover != nil {
			t.Errorf("View of %s: %+v, %v; want its own term, open", in.Group, v.Latest, err)
		}
		list, _, err := r.Instances(t.Context(), in.Group)
		if err != nil || len(list) != 1 || list[0].ID != in.ID {
			t.Errorf("Instances of %s: %+v, %v", in.Group, list, err)
		}
		terms, err := r.Terms(t.Context(), in.Group, 10)
		if err != nil || len(terms) != 1 || terms[0].Number != number {
			t.Errorf("Terms of %s: %+v, %v", in.Group, terms, err)
		}
		if got, err := r.Candidate(t.Context(), in.Group, at, deadline, uuid.Nil); err != nil || got.ID != in.ID {
			t.Errorf("Candidate of %s: %v, %v", in.Group, got.ID, err)
		}
		if silent, err := r.Silent(t.Context(), in.Group, at.Add(10*deadline), deadline); err != nil || len(silent) != 1 || silent[0].ID != in.ID {
			t.Errorf("Silent of %s: %v, %v", in.Group, silent, err)
		}
		if got, err := r.Claimant(t.Context(), in.Group, -1); err != nil || got.ID != in.ID {
			t.Errorf("Claimant of %s: %v, %v", in.Group, got.ID, err)
		}
	}
	if groups, err := r.Groups(t.Context()); err != nil || strings.Join(groups, " ") != "A a" {
		t.Errorf("Groups: %q, %v", groups, err)
	}
}
