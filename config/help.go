package config

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Table returns a table of the variables in Markdown.
func Table() string {
	var b strings.Builder
	b.WriteString("| Variable | Default | Meaning |\n|---|---|---|\n")
	for _, v := range Variables {
		unset := v.Otherwise
		if v.Default != "" {
			unset = "`" + v.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.Name, unset, v.Help)
	}
	return b.String()
}

// Usage returns a table of the variables as aligned text, one variable per line.
func Usage() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, v := range Variables {
		unset := ""
		if text := v.Default + v.Otherwise; text != "" {
			unset = " (default: " + text + ")"
		}
		fmt.Fprintf(w, "  %s\t%s%s\n", v.Name, v.Help, unset)
	}
	_ = w.Flush() // it writes to memory
	return b.String()
}
