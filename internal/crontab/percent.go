package crontab

import "strings"

// split splits the command of a line as cron does: at the first % begins what the command
// reads from stdin, each % is a line break, and \% is a %. What the command
// reads ends with a line break, which is not in stdin.
func split(text string) (command, stdin string, hasStdin bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == '%':
			b.WriteByte('%')
			i++
		case text[i] == '%' && !hasStdin:
			hasStdin, command = true, b.String()
			b.Reset()
		case text[i] == '%':
			b.WriteByte('\n')
		default:
			b.WriteByte(text[i])
		}
	}
	if !hasStdin {
		return b.String(), "", false
	}
	return command, strings.TrimSuffix(b.String(), "\n"), true
}

// posixShells understand printf and { }.
var posixShells = map[string]bool{"sh": true, "bash": true, "dash": true, "ash": true, "ksh": true, "mksh": true, "zsh": true, "busybox": true}

func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// inQuotes returns text as a word of a shell.
func inQuotes(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
