package openregistry

import (
	"context"
	"errors"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/registry/finding"
	"github.com/understudy-go/understudy/registry/mongodb"
	"github.com/understudy-go/understudy/registry/sqlite"
)

// Check finds out whether an instance could use the configured registry, and leaves
// nothing behind.
func Check(ctx context.Context, c config.Config) []finding.Finding {
	if c.Registry.Kind == config.SQLite {
		list := sqlite.Check(ctx, c.Registry.Path, sqlite.Options{MakeDirectory: c.Registry.Implicit})
		if c.Registry.Implicit {
			list[0].Detail += "; it is the default, for this user on this machine only"
		}
		return list
	}
	return mongodb.Check(ctx, c.Registry.URI.Reveal(), mongodb.Options{Database: c.Database}, min(c.ConnectTimeout, MaxWait))
}

// Unreachable reports whether a finding of Check says that the registry does not
// answer.
func Unreachable(f finding.Finding) bool {
	return f.Name == mongodb.Reachable && f.Mark == finding.MarkError
}

// Missing reports whether an error of Open says that nobody has used this registry
// yet: there is no file, and only an instance makes one.
func Missing(err error) bool { return errors.Is(err, sqlite.ErrMissing) }

// Misconfigured reports whether an error of Open stays until the configuration is
// changed.
func Misconfigured(err error) bool {
	return errors.Is(err, mongodb.ErrURI) || errors.Is(err, sqlite.ErrPath)
}
