// Package editdistance finds the name that somebody meant who mistyped it.
package editdistance

// Between returns the optimal string alignment distance of two names: the number of
// insertions, deletions, replacements and swaps of adjacent bytes that turn a into b, if
// no byte is edited twice.
func Between(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replaced := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			d := min(replaced, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}

// Closest returns the first of the names that are nearest to a mistyped one, or "" if none
// is within two edits. A short name has to be nearer: one edit for every two bytes.
func Closest(typed string, names []string) string {
	meant, least := "", 3
	for _, name := range names {
		if len(name)-len(typed) > 2 || len(typed)-len(name) > 2 {
			continue
		}
		if d := Between(typed, name); d < least && 2*d <= len(name) {
			meant, least = name, d
		}
	}
	return meant
}
