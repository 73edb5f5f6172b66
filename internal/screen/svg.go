// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"fmt"
	"strings"
	"unicode"
)

// The measures of the picture, in pixels.
const (
	charWidth  = 8.0
	lineHeight = 18
	margin     = 16
	titleBar   = 28
)

// style gives the colours for a light and a dark background; those of the
// terminal are the classes c1 to c16.
const style = `text{font:13.33px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;fill:#1f2328;white-space:pre}
.w{fill:#f6f8fa;stroke:#d1d9e0}.t{fill:#59636e;text-anchor:middle}.b{font-weight:bold}.f{fill-opacity:.62}
.c1,.c9{fill:#59636e}.c2,.c10{fill:#cf222e}.c3,.c11{fill:#116329}.c4,.c12{fill:#7d4e00}.c5,.c13{fill:#0550ae}.c6,.c14{fill:#8250df}.c7,.c15{fill:#1b7c83}.c8,.c16{fill:#1f2328}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.w{fill:#0d1117;stroke:#3d444d}.t{fill:#9198a1}
.c1,.c9{fill:#9198a1}.c2,.c10{fill:#ff7b72}.c3,.c11{fill:#3fb950}.c4,.c12{fill:#d29922}.c5,.c13{fill:#58a6ff}.c6,.c14{fill:#bc8cff}.c7,.c15{fill:#39c5cf}.c8,.c16{fill:#e6edf3}}`

// SVG is the picture of the screen in a window with a title.
func (s *Screen) SVG(title string) string {
	width := int(float64(s.columns)*charWidth) + 2*margin
	height := titleBar + len(s.lines)*lineHeight + margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, "<title>%s</title>\n<style>\n%s\n</style>\n", escaped(title), style)
	fmt.Fprintf(&b, `<rect class="w" x=".5" y=".5" width="%d" height="%d" rx="8"/>`+"\n", width-1, height-1)
	for i, colour := range []string{"#ff5f57", "#febc2e", "#28c840"} {
		fmt.Fprintf(&b, `<circle cx="%d" cy="15" r="5" fill="%s"/>`, margin+2+i*17, colour)
	}
	fmt.Fprintf(&b, "\n"+`<text class="t" x="%d" y="20">%s</text>`+"\n", width/2, escaped(title))
	for i, line := range s.lines {
		if text := spans(line); text != "" {
			fmt.Fprintf(&b, `<text x="%d" y="%d" textLength="%d" xml:space="preserve">%s</text>`+"\n",
				margin, titleBar+(i+1)*lineHeight-4, int(float64(length(line))*charWidth), text)
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// length is that of a line without the blanks at its end.
func length(line []cell) int {
	n := len(line)
	for n > 0 && line[n-1].drawn() == ' ' {
		n--
	}
	return n
}

// spans is a line, cut where its look changes.
func spans(line []cell) string {
	var b strings.Builder
	line = line[:length(line)]
	for len(line) > 0 {
		n := 1
		for n < len(line) && line[n].look == line[0].look {
			n++
		}
		var text strings.Builder
		for _, c := range line[:n] {
			text.WriteRune(c.drawn())
		}
		if class := line[0].look.class(); class == "" {
			b.WriteString(escaped(text.String()))
		} else {
			fmt.Fprintf(&b, `<tspan class="%s">%s</tspan>`, class, escaped(text.String()))
		}
		line = line[n:]
	}
	return b.String()
}

func (l look) class() string {
	var classes []string
	if l.colour > 0 {
		classes = append(classes, fmt.Sprintf("c%d", l.colour))
	}
	if l.bold {
		classes = append(classes, "b")
	}
	if l.faint {
		classes = append(classes, "f")
	}
	return strings.Join(classes, " ")
}

// escaped is text as XML has it. What is no text is drawn as a question mark.
func escaped(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}
