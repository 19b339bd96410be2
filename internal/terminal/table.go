package terminal

import "strings"

// Table lines up rows of cells, two spaces between two columns. Numbers are the
// indexes of the columns whose cells are aligned to the right.
func Table(rows [][]Span, numbers ...int) []Line {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Width(cell.Text))
		}
	}
	right := map[int]bool{}
	for _, n := range numbers {
		right[n] = true
	}
	lines := make([]Line, 0, len(rows))
	for _, row := range rows {
		var l Line
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-Width(cell.Text))
			switch {
			case right[i]:
				l = append(l, Text(pad), cell)
			case i < len(row)-1:
				l = append(l, cell, Text(pad))
			default:
				l = append(l, cell)
			}
			if i < len(row)-1 {
				l = append(l, Text("  "))
			}
		}
		lines = append(lines, l)
	}
	return lines
}
