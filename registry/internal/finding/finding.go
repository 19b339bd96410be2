// Package finding makes what backends find when they check themselves.
package finding

import (
	"fmt"

	"github.com/understudy-go/understudy/registry"
)

// OK is a finding that is as it should be.
func OK(name, format string, args ...any) registry.Finding {
	return registry.Finding{Name: name, Mark: registry.OK, Detail: fmt.Sprintf(format, args...)}
}

// Warning is a finding that could be better.
func Warning(name, detail, cure string) registry.Finding {
	return registry.Finding{Name: name, Mark: registry.Warning, Detail: detail, Cure: cure}
}

// Error is a finding that keeps instances from working.
func Error(name string, err error, cure string) registry.Finding {
	return registry.Finding{Name: name, Mark: registry.Error, Detail: err.Error(), Cure: cure, Err: err}
}
