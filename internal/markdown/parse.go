// SPDX-License-Identifier: Apache-2.0

package markdown

import "strings"

// A Kind is what a part of a page is.
type Kind int

// The kinds.
const (
	Prose   Kind = iota
	Fence        // a fenced block of code
	Comment      // <!-- what readers do not see -->
)

// A Part is a piece of a page.
type Part struct {
	Kind Kind
	Line int    // of the page, from 1
	Text string // all of it
	Info string // of a fence: what stands behind the backquotes
	Body string // between the fences, or between <!-- and -->
}

// Language is the first word of a fence's info.
func (p Part) Language() string {
	language, _, _ := strings.Cut(p.Info, " ")
	return language
}

// WithBody is the fence with another content, which ends in a newline unless it
// is empty.
func (p Part) WithBody(body string) Part {
	opening, _, _ := strings.Cut(p.Text, "\n")
	closing := opening[:len(opening)-len(strings.TrimLeft(opening, "`"))]
	p.Body, p.Text = body, opening+"\n"+body+closing+"\n"
	return p
}

// Parse cuts a page into its parts. A fence or comment without an end goes to
// the end of the page.
func Parse(text string) []Part {
	var parts []Part
	lines := strings.SplitAfter(text, "\n")
	for at := 0; at < len(lines); {
		p := next(lines[at:])
		p.Line = at + 1
		at += len(strings.SplitAfter(strings.TrimSuffix(p.Text, "\n"), "\n"))
		if last := len(parts) - 1; p.Kind == Prose && last >= 0 && parts[last].Kind == Prose {
			parts[last].Text += p.Text
		} else if p.Text != "" {
			parts = append(parts, p)
		}
	}
	return parts
}

// next is the part that the first line begins; of prose it is this line.
func next(lines []string) Part {
	first := lines[0]
	ticks := first[:len(first)-len(strings.TrimLeft(first, "`"))]
	switch {
	case len(ticks) >= 3:
		end := 1
		for end < len(lines) && strings.TrimRight(lines[end], "\n") != ticks {
			end++
		}
		return Part{
			Kind: Fence, Text: strings.Join(lines[:min(end+1, len(lines))], ""),
			Info: strings.TrimSpace(first[len(ticks):]), Body: strings.Join(lines[1:end], ""),
		}
	case strings.HasPrefix(first, "<!--"):
		end := 0
		for end < len(lines)-1 && !strings.Contains(lines[end], "-->") {
			end++
		}
		all := strings.Join(lines[:end+1], "")
		body, _, _ := strings.Cut(strings.TrimPrefix(all, "<!--"), "-->")
		return Part{Kind: Comment, Text: all, Body: strings.TrimSpace(body)}
	default:
		return Part{Kind: Prose, Text: first}
	}
}

// Join puts a page together again.
func Join(parts []Part) string {
	var text strings.Builder
	for _, p := range parts {
		text.WriteString(p.Text)
	}
	return text.String()
}
