//go:build linux

package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// The picture is as wide as a page of GitHub.
const (
	chartWidth = 900
	chartLeft  = 300
	chartRight = 110
)

var colours = []string{"#1a7f37", "#0969da", "#8250df", "#bc4c00", "#bf3989", "#57606a"}

// draw makes a picture of a result: bars for what a hand-over, a crash and kill -9 cost, and
// lines for how a hand-over grows. Its scales are logarithmic.
func draw(r *result) string {
	var b strings.Builder
	y := 24
	text := func(x, y int, anchor, s string) {
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="%s">%s</text>`+"\n", x, y, anchor, html.EscapeString(s))
	}
	colourOf := map[string]string{}
	colour := func(system string) string {
		if colourOf[system] == "" {
			colourOf[system] = colours[len(colourOf)%len(colours)]
		}
		return colourOf[system]
	}
	for _, measure := range []string{"hand-over", "kill -9", "crash, past the TTL"} {
		for _, set := range []string{"same", "fast", "default"} {
			var list []figure
			for _, f := range r.Figures {
				if f.Measure == measure && f.Setting == set && f.N > 0 && f.Instances == 0 {
					list = append(list, f)
				}
			}
			if len(list) == 0 {
				continue
			}
			text(10, y, "start", fmt.Sprintf("%s, %s (median, ms, logarithmic)", measure, settingTitle[set]))
			y += 10
			for _, f := range list {
				x := func(v float64) int { return chartLeft + scale(v, 0.1, 60000, chartWidth-chartLeft-chartRight) }
				fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="12" fill="%s"/>`+"\n", chartLeft, y, max(1, x(f.Median)-chartLeft), colour(f.System))
				fmt.Fprintf(&b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="black"/>`+"\n", x(f.Low), y+6, x(f.High), y+6)
				text(chartLeft-8, y+11, "end", f.System)
				text(max(x(f.High), x(f.Median))+6, y+11, "start", number(f.Median))
				y += 17
			}
			y += 24
		}
	}
	for _, shape := range []string{threes, one} {
		y = drawGrowth(&b, r, shape, y, colour)
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n"+
		`<rect width="100%%" height="100%%" fill="white"/>`+"\n", chartWidth, y, chartWidth, y) + b.String() + "</svg>\n"
}

var settingTitle = map[string]string{"same": "the same TTL of 15 s", "fast": "each at its fastest", "default": "the default TTL of 60 s"}

// scale returns where a value is on a logarithmic axis. What is too small is at its begin:
// a crash may be noticed before the TTL has passed since.
func scale(v, least, most float64, width int) int {
	part := math.Log(max(v, least)/least) / math.Log(most/least)
	return int(min(part, 1) * float64(width))
}

// drawGrowth draws how long a hand-over takes among more and more instances.
func drawGrowth(b *strings.Builder, r *result, shape string, top int, colour func(string) string) (bottom int) {
	const height, width = 200, chartWidth - chartLeft - chartRight
	bySystem := map[string][]figure{}
	var order []string
	for _, f := range r.Figures {
		if f.Measure == fleetHandover && f.Groups == shape {
			if bySystem[f.System] == nil {
				order = append(order, f.System)
			}
			bySystem[f.System] = append(bySystem[f.System], f)
		}
	}
	if len(order) == 0 {
		return top
	}
	fmt.Fprintf(b, `<text x="10" y="%d">Hand-over by the number of instances, %s (median, ms, both axes logarithmic)</text>`+"\n", top, shape)
	top += 14
	x := func(n int) int { return chartLeft + scale(float64(n), 8, 4000, width) }
	y := func(v float64) int { return top + height - scale(v, 0.5, 20000, height) }
	for _, n := range []int{10, 100, 1000, 3000} {
		fmt.Fprintf(b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="#ddd"/><text x="%d" y="%d" text-anchor="middle">%d</text>`+"\n", x(n), top, x(n), top+height, x(n), top+height+14, n)
	}
	for _, v := range []float64{1, 10, 100, 1000, 10000} {
		fmt.Fprintf(b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="#ddd"/><text x="%d" y="%d" text-anchor="end">%.0f</text>`+"\n", chartLeft, y(v), chartLeft+width, y(v), chartLeft-4, y(v)+4, v)
	}
	for i, system := range order {
		var points []string
		last := ""
		for _, f := range bySystem[system] {
			if f.N > 0 {
				points = append(points, fmt.Sprintf("%d,%d", x(f.Instances), y(f.Median)))
				fmt.Fprintf(b, `<circle cx="%d" cy="%d" r="3" fill="%s"/>`+"\n", x(f.Instances), y(f.Median), colour(system))
			} else if last == "" {
				last = fmt.Sprintf(" (not %d)", f.Instances)
			}
		}
		fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(points, " "), colour(system))
		fmt.Fprintf(b, `<text x="10" y="%d" fill="%s">%s</text>`+"\n", top+20+17*i, colour(system), html.EscapeString(system+last))
	}
	return top + height + 44
}
