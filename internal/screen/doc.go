// SPDX-License-Identifier: Apache-2.0

// Package screen draws what a program writes to a terminal as a picture, for the
// documentation. A [Screen] understands what this program sends: text, colours,
// bold and faint, and the few movements with which it redraws a line. It is as
// wide as it is said to be, and as long as it has to be.
//
//	s := screen.New(80)
//	s.Write(recorded)
//	svg := s.SVG("kratix test workflow")
//
// The picture is plain text in SVG: it can be searched, and shows in the fonts
// and, dark or light, in the colours of whoever looks at it. The same bytes give
// the same picture. Each line is one text element and blanks are kept, so two
// pictures of the same session differ only where the text does.
package screen
