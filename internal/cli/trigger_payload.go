package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/jobs/store"
)

// readPayload returns what --payload means: JSON that stands there, or what is in a file
// or stdin. It is nil if there is no such flag.
func readPayload(c *cobra.Command, text string) ([]byte, error) {
	if !c.Flags().Changed("payload") {
		return nil, nil
	}
	switch {
	case text == "":
		return nil, usageError{errors.New("--payload is empty: want a file, - for stdin, or JSON that begins with { or [")}
	case text == "-":
		return payloadFrom("stdin", c.InOrStdin())
	case strings.HasPrefix(strings.TrimSpace(text), "{"), strings.HasPrefix(strings.TrimSpace(text), "["):
		if err := json.Unmarshal([]byte(text), new(any)); err != nil {
			return nil, usageError{fmt.Errorf("--payload is no JSON: %w (a file whose name begins like that is named by ./)", err)}
		}
		return payloadFrom("JSON", strings.NewReader(text))
	}
	f, err := os.Open(text)
	if err != nil {
		return nil, usageError{fmt.Errorf("--payload: %w: want a file, - for stdin, or JSON that begins with { or [", err)}
	}
	defer f.Close()
	return payloadFrom(text, f)
}

// payloadFrom reads a payload, and no more than may be.
func payloadFrom(name string, r io.Reader) ([]byte, error) {
	payload, err := io.ReadAll(io.LimitReader(r, store.MaxPayload+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("--payload: %s: %w", name, err)
	case len(payload) > store.MaxPayload:
		return nil, usageError{fmt.Errorf("--payload: %s has more than %d bytes: pass the name of a file or the address of what is so large, and have the command read that", name, store.MaxPayload)}
	}
	return payload, nil
}
