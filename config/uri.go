package config

import (
	"encoding"
	"fmt"

	"github.com/understudy-go/understudy/internal/mongouri"
)

// URI is a MongoDB connection string. Every fmt verb and every encoder shows it
// redacted; [URI.Reveal] returns what a driver needs.
type URI struct {
	raw *string // a pointer: fmt follows none where it cannot call a method
}

var (
	_ fmt.Formatter          = URI{}
	_ encoding.TextMarshaler = URI{}
)

func newURI(raw string) URI { return URI{&raw} }

// Reveal returns the URI with its secrets.
func (u URI) Reveal() string {
	if u.raw == nil {
		return ""
	}
	return *u.raw
}

// Servers returns the part that says where the registry is, without credentials,
// database and options. Two of them are equal if they name the same servers in
// the same order.
func (u URI) Servers() string { return mongouri.Parse(u.Reveal()).Servers() }

// String returns the URI redacted.
func (u URI) String() string { return mongouri.Redact(u.Reveal()) }

// Format formats the redacted URI as a string.
func (u URI) Format(f fmt.State, verb rune) {
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), u.String())
}

// MarshalText returns the URI redacted.
func (u URI) MarshalText() ([]byte, error) { return []byte(u.String()), nil }
