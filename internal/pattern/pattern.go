// Package pattern has regular expressions that are compiled when they are needed first.
//
// An instance, its guard and whatever carries out its last will are starts of the same
// program, and each start would compile all of them: more than a millisecond, which a
// takeover waits for.
package pattern

import (
	"regexp"
	"sync"
)

// Lazy returns a function that returns the compiled expression. It panics at its first call
// if the expression is wrong, as [regexp.MustCompile] does.
func Lazy(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
