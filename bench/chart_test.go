// Charts: SVG with the viewer's own colours, light or dark.

package bench

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// chart is bars in groups, of ratios and so from 1 on, or lines over sizes.
type chart struct {
	title, unit string
	groups      []string // of bars
	names       []string // of bars in a group, or of lines
	values      map[[2]string]float64
	xs          []float64 // of lines
}

// bar adds a bar, or a point where the group is a size.
func (c *chart) bar(group, name string, value float64) {
	if c.values == nil {
		c.values = map[[2]string]float64{}
	}
	if !slices.Contains(c.groups, group) {
		c.groups = append(c.groups, group)
	}
	if !slices.Contains(c.names, name) {
		c.names = append(c.names, name)
	}
	c.values[[2]string{group, name}] = value
}

// point adds a point of a line, at x, from left to right.
func (c *chart) point(name string, x, value float64) {
	if !slices.Contains(c.xs, x) {
		c.xs = append(c.xs, x)
	}
	c.bar(fmt.Sprint(x), name, value)
}

const (
	chartWidth = 760
	labelWidth = 150
	plotWidth  = chartWidth - labelWidth - 70
	barHeight  = 16
	plotHeight = 260
)

// style has colours that can be told apart in both schemes, by people who do not
// see all of them too.
const style = `<style>
text{font:12px system-ui,sans-serif;fill:#24292f}.t{font-size:14px;font-weight:600}.m{fill:#57606a}
.g{stroke:#d0d7de}.c0{fill:#0072b2}.c1{fill:#d55e00}.c2{fill:#009e73}.c3{fill:#aa4499}.c4{fill:#997700}.c5{fill:#56a0d3}
path.l{fill:none;stroke-width:2}.s0{stroke:#0072b2}.s1{stroke:#d55e00}.s2{stroke:#009e73}.s3{stroke:#aa4499}.s4{stroke:#997700}.s5{stroke:#56a0d3}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.m{fill:#9198a1}.g{stroke:#3d444d}
.c0{fill:#58a6ff}.c1{fill:#ff9b5e}.c2{fill:#3fd19d}.c3{fill:#e58ad6}.c4{fill:#e3c14d}.c5{fill:#a5d6ff}
.s0{stroke:#58a6ff}.s1{stroke:#ff9b5e}.s2{stroke:#3fd19d}.s3{stroke:#e58ad6}.s4{stroke:#e3c14d}.s5{stroke:#a5d6ff}}
</style>`

// svg draws the chart on a logarithmic scale, and writes each bar's value at it.
func (c *chart) svg() string {
	var b strings.Builder
	text := func(x, y float64, class, anchor, s string) {
		fmt.Fprintf(&b, `<text x="%.0f" y="%.0f" class="%s" text-anchor="%s">%s</text>`+"\n", x, y, class, anchor, html.EscapeString(s))
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range c.values {
		if v > 0 {
			low, high = min(low, v), max(high, v)
		}
	}
	low, high = min(low, 1), max(high, 1)
	low, high = math.Pow(10, math.Floor(math.Log10(low))), math.Pow(10, math.Ceil(math.Log10(high)))
	if high <= low {
		high = low * 10
	}
	share := func(v float64) float64 {
		return min(max(math.Log10(max(v, low)/low)/math.Log10(high/low), 0), 1)
	}
	text(0, 16, "t", "start", c.title)
	x := 0.0
	for i, name := range c.names {
		fmt.Fprintf(&b, `<rect x="%.0f" y="30" width="11" height="11" class="c%d"/>`+"\n", x, i%6)
		text(x+16, 40, "", "start", name)
		x += 34 + 7*float64(len([]rune(name)))
	}
	top, height := 58.0, 0.0
	if c.xs != nil {
		height = c.lines(&b, text, top, low, high, share)
	} else {
		height = c.bars(&b, text, top, low, high, share)
	}
	text(labelWidth, height-6, "m", "start", c.unit+" (logarithmic)")
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %.0f" role="img" aria-label="%s">`+"\n", chartWidth, height, html.EscapeString(c.title)) +
		style + "\n" + b.String() + "</svg>\n"
}

type writer func(x, y float64, class, anchor, s string)

func (c *chart) bars(b *strings.Builder, text writer, top, low, high float64, share func(float64) float64) float64 {
	y := top
	var bars strings.Builder
	for _, group := range c.groups {
		text(labelWidth-10, y+12, "", "end", group)
		for i, name := range c.names {
			v, there := c.values[[2]string{group, name}]
			if !there {
				continue
			}
			from, to := min(share(v), share(1))*plotWidth, max(share(v), share(1))*plotWidth
			fmt.Fprintf(&bars, `<rect x="%.1f" y="%.0f" width="%.1f" height="%d" class="c%d"/>`+"\n", labelWidth+from, y+2, max(to-from, 2), barHeight-3, i%6)
			fmt.Fprintf(&bars, `<text x="%.0f" y="%.0f">%s</text>`+"\n", labelWidth+max(to, from+2)+5, y+13, short(v))
			y += barHeight
		}
		y += 10
	}
	for v := low; v <= high*1.01; v *= 10 {
		x := labelWidth + share(v)*plotWidth
		fmt.Fprintf(b, `<line x1="%.1f" x2="%.1f" y1="%.0f" y2="%.0f" class="g"/>`+"\n", x, x, top-4, y)
		text(x, y+14, "m", "middle", short(v))
	}
	b.WriteString(bars.String())
	return y + 40
}

func (c *chart) lines(b *strings.Builder, text writer, top, low, high float64, share func(float64) float64) float64 {
	across := func(i int) float64 { return labelWidth + float64(i)/float64(max(len(c.xs)-1, 1))*plotWidth }
	down := func(v float64) float64 { return top + (1-share(v))*plotHeight }
	for v := low; v <= high*1.01; v *= 10 {
		fmt.Fprintf(b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" class="g"/>`+"\n", labelWidth, labelWidth+plotWidth, down(v), down(v))
		text(labelWidth-10, down(v)+4, "m", "end", short(v))
	}
	for i, x := range c.xs {
		text(across(i), top+plotHeight+18, "m", "middle", short(x))
	}
	for n, name := range c.names {
		var path []string
		for i, x := range c.xs {
			if v, there := c.values[[2]string{fmt.Sprint(x), name}]; there {
				path = append(path, fmt.Sprintf("%.1f %.1f", across(i), down(v)))
				fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3" class="c%d"/>`+"\n", across(i), down(v), n%6)
			}
		}
		fmt.Fprintf(b, `<path d="M%s" class="l s%d"/>`+"\n", strings.Join(path, "L"), n%6)
	}
	return top + plotHeight + 50
}

// short is a number of a few digits.
func short(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.3gM", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%.3gk", v/1e3)
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	default:
		return fmt.Sprintf("%.2g", v)
	}
}
