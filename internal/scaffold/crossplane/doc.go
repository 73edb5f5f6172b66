// SPDX-License-Identifier: Apache-2.0

// Package crossplane makes the content of a Promise of a Crossplane composite
// resource: the schema of its CompositeResourceDefinition (XRD) becomes the API,
// the definition with its compositions and functions become the dependencies,
// and a stage makes a claim of each request, or a composite resource where there
// are no claims.
//
// Two surprises. The schema of an XRD is not all that Crossplane serves: it adds
// fields of its own to the spec, of which the API has none. And the stage puts
// all claims into the namespace "default", whatever the namespace of the request.
// Both are told, as is all that is left out, with its place in the file.
package crossplane
