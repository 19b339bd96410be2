package registry

import "fmt"

// CheckGroup returns what is wrong with the name of a group, or nil.
func CheckGroup(name string) error {
	const want = "want 1 to 100 letters, digits and . _ - / : @"
	if name == "" || len(name) > 100 {
		return fmt.Errorf("group name of %d bytes: %s", len(name), want)
	}
	for _, c := range name {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '.', c == '_', c == '-', c == '/', c == ':', c == '@':
		default:
			return fmt.Errorf("group name %q has %q in it: %s", name, c, want)
		}
	}
	return nil
}
