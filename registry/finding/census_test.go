package finding

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/registry"
)

func TestCensus_ReportsTheWorstRecord(t *testing.T) {
	corrupt := fmt.Errorf("%w: the beat", registry.ErrCorrupt)
	newer := fmt.Errorf("%w: schema 9", registry.ErrSchema)
	for _, tt := range []struct {
		name             string
		instances, terms []error
		mark             Mark
		behind           error
		says             string
		cure             bool
	}{
		{"nothing", nil, nil, MarkOK, nil, "instances: 0, terms: 0", false},
		{"what can be read", []error{nil, nil}, []error{nil}, MarkOK, nil, "instances: 2, terms: 1", false},
		{"what cannot be read", []error{nil, corrupt}, []error{nil, nil, corrupt}, MarkError, registry.ErrCorrupt,
			"instances: 2, terms: 3; unreadable: 2, the first: " + corrupt.Error(), true},
		{"a newer version comes first", []error{corrupt}, []error{newer, corrupt}, MarkError, registry.ErrSchema,
			"instances: 1, terms: 2; not understood: 3, the first: " + newer.Error(), false},
	} {
		var c Census
		for _, err := range tt.instances {
			c.Instance(err)
		}
		for _, err := range tt.terms {
			c.Term(err)
		}
		f := c.Finding()
		if f.Mark != tt.mark || !errors.Is(f.Err, tt.behind) || !strings.HasSuffix(f.Detail, tt.says) || (f.Cure != "") != tt.cure {
			t.Errorf("%s: %+v", tt.name, f)
		}
	}
}

func TestCensus_AdvisesToLeaveForeignRecordsAlone(t *testing.T) {
	corrupt := fmt.Errorf("%w: the beat", registry.ErrCorrupt)
	var c Census
	c.Instance(corrupt)
	c.Instance(corrupt)
	c.Foreign()
	f := c.Finding()
	if f.Mark != MarkError || !strings.Contains(f.Detail, "of another program, for they have no schema: 1") ||
		!strings.Contains(f.Cure, "another database") || strings.Contains(f.Cure, "delete") {
		t.Errorf("%+v", f)
	}
}
