// SPDX-License-Identifier: Apache-2.0

// Package view shows finished results: as text for people, as JSON for
// programs. It fetches nothing and decides nothing, so two formats of one
// result cannot disagree. It is the only package with colours, and colour
// never carries a meaning alone.
package view

import (
	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

	"github.com/kratix-tools/kratix/internal/term"
)

// styles are the looks of text, named by what they mean.
type styles struct {
	ok, bad, warn, path, faint, strong lipgloss.Style
	added, removed                     lipgloss.Style
}

// stylesFor makes the styles for one output; without colour they change
// nothing.
func stylesFor(s term.Stream) styles {
	r := lipgloss.NewRenderer(s.Writer)
	profile := termenv.Ascii
	if s.Colour {
		profile = termenv.ANSI
	}
	r.SetColorProfile(profile)
	colour := func(code string) lipgloss.Style { return r.NewStyle().Foreground(lipgloss.Color(code)) }
	return styles{
		ok:      colour("2"),
		bad:     colour("1"),
		warn:    colour("3"),
		path:    colour("6"),
		faint:   r.NewStyle().Faint(s.Colour),
		strong:  r.NewStyle().Bold(s.Colour),
		added:   colour("2"),
		removed: colour("1"),
	}
}
