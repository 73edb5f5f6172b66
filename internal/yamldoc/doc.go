// SPDX-License-Identifier: Apache-2.0

// Package yamldoc reads YAML with positions, and edits it without touching
// what it was not asked to touch.
//
// A file that people write has comments, blank lines, an order of keys and an
// indentation that are theirs. Every YAML encoder loses some of that. So an
// edit here is a splice of bytes: the parser says where a node is, the new text
// is written in the style of its siblings, and all other bytes stay. The splice
// is then proved: the result must decode to the old value plus the change, or
// the edit is refused with the text that the user can add by hand.
//
// Values are what Kubernetes reads (sigs.k8s.io/yaml), not what YAML 1.2 says:
// "yes" is true. Positions come from another parser, go.yaml.in/yaml/v3, which
// reads the same text.
//
// [Parse] gives the documents of a file. [Document.Position] finds a field in
// it. [Document.Set], [Document.Add], [Document.Append], [Document.Insert],
// [Document.Delete] and [Document.Rename] give the edited document, whose
// [Document.Bytes] are the whole file; it can be edited again. What is read in
// other places too, through an anchor, is not edited in one of them: the error
// says which line shares it.
package yamldoc
