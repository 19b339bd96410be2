//go:build !linux

package guard

import (
	"errors"
	"time"

	"github.com/understudy-go/understudy/internal/lastwill"
)

// Bequeath returns an error: on this system nobody carries out a last will.
func Bequeath() error { return errors.New("guard: there is no last will on this system") }

// Testament is a last will in the process that has to carry it out.
type Testament struct {
	Entries []lastwill.Entry
	Runs    []lastwill.Run
	Dir     string
	Until   time.Duration
}

// ReadTestament returns nil: no process of this system carries out a last will.
func ReadTestament() (*Testament, error) { return nil, nil }

// Done is never called.
func (t *Testament) Done() {}
