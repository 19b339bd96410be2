package storetest

import (
	"strings"
	"testing"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// garbageTexts: what is stored for people alone may make no sense, and be long. The run is
// none the worse for it.
func garbageTexts(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	b, other := s.Open(t), s.Open(t)
	next := holders(b, "garbage")

	t.Run("WhereNoDecisionRestsOnItAFieldIsEmpty", func(t *testing.T) {
		for _, field := range []string{"trigger", "by", "retriedBy", "parent", "remark", "progress", "result", "head", "tail"} {
			for _, value := range []any{nil, int64(7), 2.5} {
				t.Run(spoilt{field: field, value: value}.String(), func(t *testing.T) {
					h := next(t)
					r := ended(processing(h, "report", "1"), store.Completed, instant)
					r.By, r.RetriedBy, r.Parent = "me", "you", "a/b"
					claimOne(t, b, h, r)
					s.Spoil(t, Record{Key: r.Key}, field, value)
					switch field {
					case "trigger":
						r.Trigger = ""
					case "by":
						r.By = ""
					case "retriedBy":
						r.RetriedBy = ""
					case "parent":
						r.Parent = ""
					case "remark":
						r.Remark = ""
					case "result":
						r.Result = nil
					case "head":
						r.Output.Head = nil
					case "tail":
						r.Output.Tail = nil
					}
					wantRun(t, other, r)
				})
			}
		}
	})

	// What is read can be written again, or a run would never end.
	t.Run("AParentThatIsNoNameKeepsNoHolderFromWriting", func(t *testing.T) {
		for _, value := range []any{"a\x01b", "ö/1", strings.Repeat("p", store.MaxParent+1)} {
			h := next(t)
			r := processing(h, "report", "1")
			r.Parent = "a/b"
			claimOne(t, b, h, r)
			s.Spoil(t, Record{Key: r.Key}, "parent", value)
			r = read(t, other, r.Key)
			if r.Parent != "" {
				t.Errorf("the parent is %.100q, want none", r.Parent)
			}
			wantRun(t, other, updateRun(t, b, h, r.Version(), ended(r, store.Completed, instant)))
		}
	})

	t.Run("ARequestToCancelIsOneWhateverIsStoredOfIt", func(t *testing.T) {
		for _, value := range []any{"text", int64(-7), 2.5, []byte{1}} {
			h := next(t)
			r := claimOne(t, b, h, processing(h, "report", "1"))
			s.Spoil(t, Record{Key: r.Key}, "cancel", value)
			r.Cancel = &store.Request{}
			wantRun(t, other, r)
		}
	})

	t.Run("LongTextsAreCut", func(t *testing.T) {
		long := strings.Repeat("ö", 1<<20)
		h := next(t)
		r := claimOne(t, b, h, processing(h, "report", "1"))
		if _, err := b.Jobs().SetProgress(t.Context(), h, r.Key, 1, store.Progress{Percent: 1, Text: "x", At: instant}); err != nil {
			t.Fatal(err)
		}
		for _, field := range []string{"trigger", "by", "retriedBy", "remark", "progress"} {
			s.Spoil(t, Record{Key: r.Key}, field, long)
		}
		cut := registry.Clip(long)
		r.Trigger, r.By, r.RetriedBy, r.Remark, r.Progress = store.Trigger(cut), cut, cut, cut, store.Progress{Percent: 1, Text: cut, At: instant}
		wantRun(t, other, r)
		for _, field := range []string{"state", "nonce", "attempts", "payload", "at"} {
			h := next(t)
			r := claimOne(t, b, h, processing(h, "report", "1"))
			s.Spoil(t, Record{Key: r.Key}, field, long)
			_, err := other.Jobs().Run(t.Context(), r.Key)
			if suite.WantError(t, "Run with a long "+field, err, registry.ErrCorrupt); err != nil && len(err.Error()) > 1000 {
				t.Errorf("an error of %d bytes, want 1000 at most: %.100v", len(err.Error()), err)
			}
		}
		for _, field := range []string{"result", "head", "tail"} {
			h := next(t)
			r := claimOne(t, b, h, processing(h, "report", "1"))
			s.Spoil(t, Record{Key: r.Key}, field, make([]byte, store.MaxTail+1))
			wantRun(t, other, r) // without it
		}
	})
}
