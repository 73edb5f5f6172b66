// SPDX-License-Identifier: Apache-2.0

// Package schema writes JSON Schemas of the documents that the program prints,
// for those who read them with programs of their own. What encoding/json does
// with a Go type decides about the shape; the comments in the type's source
// become the descriptions, and the constants of a type its values.
//
//	s, err := schema.Of(inspect.WorkList{}, "WorkList", comments)
//
// Three things are promises and not consequences of the type: a list or a map
// without omitempty is never null, a pointer without it may be; fields that the
// schema does not know are allowed, since documents only ever grow, until
// [Strict] closes it for a test.
//
// What Kubernetes defines is not described anew: its metadata is an object.
//
// The package reads source files and is for tests and for "make docs".
package schema
