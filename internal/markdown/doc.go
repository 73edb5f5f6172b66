// SPDX-License-Identifier: Apache-2.0

// Package markdown reads as much of Markdown as the documentation needs to be
// kept true: fenced blocks, which are run or compared; comments, which readers do
// not see and which say how to run them; headings and links, which must lead
// somewhere.
//
// A page is cut into [Part]s, and the texts of all parts together are the page
// again, byte by byte. So whoever changes the content of one block leaves every
// other byte alone:
//
//	parts := markdown.Parse(text)
//	for i, p := range parts {
//		if p.Kind == markdown.Fence && p.Language() == "console" {
//			parts[i] = p.WithBody(run(p.Body))
//		}
//	}
//	text = markdown.Join(parts)
//
// Fences and comments begin in the first column. What is indented is prose,
// which includes a block in an item of a list.
package markdown
